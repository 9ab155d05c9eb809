"""What the list of services shows: incidents by week, and the practice's figures in one request."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.catalogue.incident_counts import WEEKS, firing_alerts, incident_counts
from incidents.filing import file_incident
from incidents.models import Alert, Service
from practice.models import Slo
from practice.readiness.reviews import answer_item, close_review, last_reviews, start_review
from practice.slos.status import store_status
from tests.kb.conftest import past
from tests.practice.conftest import count, fail

pytestmark = pytest.mark.django_db


def figures(web: Client, *services: Service) -> str:
    keys = ",".join(str(service.pk) for service in services)
    response = web.get("/practice/services/figures/", {"services": keys})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_incidents_are_counted_by_week(checkout: Service, user: User) -> None:
    file_incident(title="Now", services=[checkout])
    for days in (8, 9, 400):
        past("Then", checkout, days=days)
    counts = incident_counts(user, [checkout])[checkout.pk]
    assert (counts.incidents, counts.still_open) == (4, 1)
    assert len(counts.by_week) == WEEKS
    assert counts.by_week[-2:] == (2, 1)
    assert sum(counts.by_week) == 3
    assert counts.in_words == "Incidents a week: 3 in 26 weeks, 1 in the last one"


def test_private_incidents_of_others_are_not_counted(
    checkout: Service, user: User, other: User
) -> None:
    file_incident(title="Leak", services=[checkout], private=True, reporter=other)
    assert checkout.pk not in incident_counts(user, [checkout])
    assert incident_counts(other, [checkout])[checkout.pk].still_open == 1


def test_the_list_links_open_incidents_and_loads_the_practice_once(
    web: Client, checkout: Service, database: Service
) -> None:
    file_incident(title="Slow", services=[checkout])
    html = web.get("/services/").content.decode()
    assert "/?open=true&amp;service=checkout" in html
    assert 'aria-label="Incidents a week: 1 in 26 weeks, 1 in the last one"' in html
    (keys,) = re.findall(r'hx-get="/practice/services/figures/\?services=([\d,]+)"', html)
    assert set(keys.split(",")) == {str(checkout.pk), str(database.pk)}


def test_figures_are_the_worst_objective_and_the_last_review(
    web: Client, checkout: Service, slo: Slo, user: User
) -> None:
    now = timezone.now()
    count(slo, now)
    fail(slo, now - timedelta(hours=2), 60)
    store_status(slo, now)
    Slo.objects.create(service=checkout, name="latency", target=99, numerator="x", total="y")
    review = start_review(checkout, user)
    for item in review.checklist.items.all():
        answer_item(review, item, user, verdict="yes")
    close_review(review)
    html = figures(web, checkout)
    assert f'<span id="budget-{checkout.pk}" hx-swap-oob="true">' in html
    assert "spent" in html
    assert "worst of 2" in html
    assert last_reviews([checkout]) == {checkout.pk: review}
    assert "not reviewed" not in html


def test_a_service_without_either_says_so(web: Client, database: Service) -> None:
    html = figures(web, database)
    assert "no objective" in html
    assert "not reviewed" in html


@pytest.mark.parametrize("keys", ["", "x", "1,2,,-3", "9" * 500])
def test_odd_keys_find_nothing(web: Client, keys: str) -> None:
    response = web.get("/practice/services/figures/", {"services": keys})
    assert response.status_code == 200
    assert "budget-" not in response.content.decode()


def test_figures_cost_the_same_for_one_service_and_for_twenty(
    web: Client, django_assert_max_num_queries: Any
) -> None:
    services = [Service.objects.create(name=f"service-{n}") for n in range(20)]
    figures(web, *services)
    with django_assert_max_num_queries(8):
        figures(web, *services)


def test_health_is_the_worst_open_incident_and_what_fires(
    web: Client, user: User, checkout: Service, database: Service
) -> None:
    file_incident(title="Slow", services=[checkout], severity="SEV3")
    file_incident(title="Down", services=[checkout], severity="SEV1")
    past("Then", checkout, days=9, severity="SEV1")
    fires: dict[str, Any] = {"source": "am", "starts_at": timezone.now(), "service": database}
    Alert.objects.create(name="HighCPU", fingerprint="1", **fires)
    Alert.objects.create(name="Over", fingerprint="2", status="resolved", **fires)
    assert incident_counts(user, [checkout])[checkout.pk].worst_open == "SEV1"
    assert firing_alerts(user, [checkout, database]) == {database.pk: 1}
    html = " ".join(web.get("/services/").content.decode().split())
    assert '<span class="severity" data-level="SEV1">SEV1</span>' in html
    assert "2 open</a>" in html
    assert "1 alert firing" in html
