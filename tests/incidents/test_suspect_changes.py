"""Which change is most suspicious, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.filing import file_incident
from incidents.models import Change, Incident, Service
from incidents.suspect_changes import candidate_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident() -> Incident:
    checkout = Service.objects.create(name="checkout")
    checkout.depends_on.add(Service.objects.create(name="orders-db"))
    Service.objects.create(name="blog")
    return file_incident(title="Payment timeouts", symptom="pool exhausted", services=[checkout])


def change(incident: Incident, service: str, minutes: float, title: str, **more: Any) -> None:
    Change.objects.create(
        service=Service.objects.get(name=service), title=title,
        started_at=incident.impact_started_at - timedelta(minutes=minutes), **more,
    )  # fmt: skip


def titles(incident: Incident) -> list[str]:
    return [candidate.change.title for candidate in candidate_changes(incident)]


def test_nearer_comes_first_and_strangers_not_at_all(incident: Incident) -> None:
    change(incident, "checkout", 120, "far")
    change(incident, "checkout", 5, "near")
    change(incident, "blog", 1, "stranger")
    change(incident, "checkout", 500, "yesterday")
    assert titles(incident) == ["near", "far"]


def test_the_services_own_change_comes_before_that_of_a_dependency(incident: Incident) -> None:
    change(incident, "orders-db", 10, "below")
    change(incident, "checkout", 12, "own")
    assert titles(incident) == ["own", "below"]


def test_what_failed_or_is_spoken_of_is_more_suspicious(incident: Incident) -> None:
    change(incident, "checkout", 10, "plain")
    change(incident, "checkout", 20, "broken", outcome="failed")
    change(incident, "checkout", 22, "Smaller pool for checkout", outcome="rolled_back")
    assert titles(incident) == ["Smaller pool for checkout", "broken", "plain"]
    assert candidate_changes(incident)[0].named == ("pool",)
