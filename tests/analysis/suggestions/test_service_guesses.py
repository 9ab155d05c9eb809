"""Guesses at the service of an incident that names none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.suggestions.service_guesses import guess_services
from analysis.suggestions.types import AlikeIncident
from incidents import filing
from incidents.models import Alert, Incident, Service

pytestmark = pytest.mark.django_db


def guessed(incident: Incident, user: Any, similar: list[AlikeIncident] | None = None) -> Any:
    return {g.service.name: g.because for g in guess_services(incident, similar or [], user)}


@pytest.mark.parametrize(
    ("title", "name"),
    [("chekout broken", "checkout"), ("The orders page is empty", "orders-db"),
     ("MAILER-QUEUE2 late", "mailer-queue")],
)  # fmt: skip
def test_a_misspelt_name_or_a_part_of_one_is_found(user: User, title: str, name: str) -> None:
    for each in ("checkout", "orders-db", "mailer-queue", "search"):
        Service.objects.create(name=each)
    assert list(guessed(filing.file_incident(title=title), user)) == [name]


def test_words_that_many_names_have_say_nothing(user: User) -> None:
    Service.objects.create(name="user-service")
    Service.objects.create(name="error-page")
    assert guessed(filing.file_incident(title="service is slow, error"), user) == {}


def test_alerts_that_fire_now_and_similar_incidents_are_named(user: User) -> None:
    firing, past = Service.objects.create(name="pricing"), Service.objects.create(name="search")
    for number in range(2):
        Alert.objects.create(source="s", fingerprint=str(number), name="A", service=firing,
                             starts_at=timezone.now())  # fmt: skip
    before = filing.file_incident(title="Nobody can buy", services=[past])
    incident = filing.file_incident(title="Nobody can buy anything")
    found = guessed(incident, user, [AlikeIncident(before, 0.8)])
    assert found == {
        "pricing": "2 alerts firing now", "search": f"affected in {before.reference}",
    }  # fmt: skip


def test_an_alert_of_a_hidden_incident_is_no_guess(user: User, other: User) -> None:
    service = Service.objects.create(name="pricing")
    hidden = filing.file_incident(title="Break-in", private=True, reporter=other)
    Alert.objects.create(source="s", fingerprint="1", name="A", service=service, incident=hidden,
                         starts_at=timezone.now())  # fmt: skip
    assert guessed(filing.file_incident(title="Nobody can buy"), user) == {}


@pytest.mark.clock
def test_three_thousand_services_are_searched_at_once(user: User) -> None:
    Service.objects.bulk_create(Service(name=f"team{n}-component{n}") for n in range(3000))
    text = " ".join(f"wording{n} componet{n}" for n in range(100))
    incident = filing.file_incident(title="componet17 is late", symptom=text)
    began = time.perf_counter()
    guess_services(incident, [], user)
    assert time.perf_counter() - began < 2


def test_the_page_offers_them_only_while_no_service_is_set(web: Client, database: Service) -> None:
    incident = filing.file_incident(title="ordersdb is slow")
    page = web.get(f"/INC-{incident.pk}/").content.decode()
    address = f"/analysis/incidents/{incident.pk}/services/"
    assert address in page
    part = web.get(address).content.decode()
    assert f'<button name="services" value="{database.pk}">orders-db</button>' in part
    web.post(f"/INC-{incident.pk}/services/", {"services": database.pk})
    assert address not in web.get(f"/INC-{incident.pk}/").content.decode()
