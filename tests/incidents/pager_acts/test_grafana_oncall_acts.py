"""What people do in Grafana OnCall is so here too: once, in any order, by mail address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Alert, Delivery, Incident, PagerAct, Service
from tests.grafana_oncall_server import GrafanaOnCall
from tests.incidents.pager_acts.conftest import assert_acknowledged, clock, process, texts
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
Send = Callable[..., str]


@pytest.fixture
def grafana(database: Service) -> Send:
    """Sends a webhook about an alert group, with other values of it."""
    server = GrafanaOnCall(set(), [])
    server.user("UADA", "ada.example", "Ada@example.com")
    server.user("UBOB", "bob", "bob@elsewhere.example")
    server.open_group("I68T24C13IFW1", "orders-db is slow", service="orders-db")
    server.groups["I68T24C13IFW1"]["created_at"] = clock(20).isoformat()
    integration, _ = make("grafana_oncall", name="Grafana OnCall")

    def send(what: str, user: str | None = None, ago: float | None = None, **group: Any) -> str:
        at = "" if ago is None else clock(ago).isoformat()
        if what == "acknowledge":
            group = {"acknowledged_at": at or None, "acknowledged_by": user, **group}
        server.groups["I68T24C13IFW1"] |= group
        return process(integration, server.webhook(what, "I68T24C13IFW1", user, at))

    return send


def test_an_acknowledgement_sets_the_time_there_and_its_person_as_owner(
    grafana: Send, ada: User
) -> None:
    grafana("alert group created", ago=20)
    grafana("acknowledge", "UADA", 16)
    incident = assert_acknowledged(16)
    assert incident.owner == ada
    assert "Acknowledged by ada.example in Grafana OnCall" in texts()


def test_a_source_that_acknowledges_by_itself_makes_nobody_the_owner(
    grafana: Send, ada: User
) -> None:
    grafana("escalation")
    grafana("acknowledge", None, 10)
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.owner is None


def test_somebody_without_an_account_is_named(grafana: Send, ada: User) -> None:
    grafana("alert group created", ago=20)
    grafana("acknowledge", "UBOB", 10)
    assert Incident.objects.get().owner is None
    assert "Acknowledged by bob in Grafana OnCall" in texts()


def test_the_same_webhook_twice_and_late_ones_change_nothing(grafana: Send, ada: User) -> None:
    grafana("alert group created", ago=20)
    for _ in range(2):
        grafana("acknowledge", "UADA", 16)
    grafana("resolve", "UADA", 5)
    grafana("alert group created", ago=20)
    grafana("acknowledge", "UBOB", 8)
    incident, alert = Incident.objects.get(), Alert.objects.get()
    assert alert.status == "resolved"
    assert alert.ends_at
    assert abs(alert.ends_at - clock(5)) < timedelta(seconds=5)
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=15)


def test_an_acknowledgement_that_overtakes_its_alert_waits_for_it(grafana: Send, ada: User) -> None:
    assert "no alert of it is here" in grafana("acknowledge", "UADA", 10)
    assert Delivery.objects.get().state == "waiting"


def test_an_acknowledgement_whose_webhook_was_lost_comes_with_the_resolution(
    grafana: Send, ada: User
) -> None:
    grafana("alert group created", ago=20)
    known = {"acknowledged_at": clock(16).isoformat(), "acknowledged_by": "UADA"}
    grafana("resolve", "UBOB", 5, **known)
    incident = Incident.objects.get()
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=15)
    assert Alert.objects.get().status == "resolved"


def test_what_resolves_by_itself_was_never_acknowledged(grafana: Send, ada: User) -> None:
    grafana("alert group created", ago=20)
    grafana("resolve", "UADA", 5)
    assert Incident.objects.get().acknowledged_at is None
    assert not PagerAct.objects.exists()


def test_an_acknowledgement_that_is_taken_back_is_so_here_once(grafana: Send, ada: User) -> None:
    grafana("alert group created", ago=20)
    grafana("acknowledge", "UADA", 10)
    for _ in range(2):
        grafana("unacknowledge", "UADA", acknowledged_at=None, acknowledged_by=None)
    incident = Incident.objects.get()
    assert (incident.acknowledged_at, incident.owner) == (None, None)
    assert Alert.objects.get().acknowledged_at is None


def states() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("status", flat=True))


def test_what_is_unresolved_fires_again_until_it_is_resolved_again(
    grafana: Send, ada: User
) -> None:
    grafana("alert group created", ago=20)
    grafana("resolve", "UADA", 5)
    grafana("unresolve", "UADA", resolved_at=None, state="firing")
    assert states() == ["resolved", "firing"]
    grafana("acknowledge", "UADA", 0)
    first, second = Alert.objects.order_by("pk")
    assert first.acknowledged_at is None
    assert second.acknowledged_at
    grafana("resolve", "UADA", 0)
    assert states() == ["resolved", "resolved"]


def test_a_resolution_that_overtakes_the_beginning_ends_it(grafana: Send) -> None:
    grafana("resolve", "UADA", 5)
    grafana("alert group created", ago=20)
    assert states() == ["resolved"]
    assert not Incident.objects.exists()


def test_silencing_and_odd_events_harm_nothing(grafana: Send) -> None:
    grafana("alert group created", ago=20)
    assert "needs nothing from us" in grafana("silence", "UADA", 5)
    integration = Delivery.objects.latest("pk").integration
    odd_bodies: list[Any] = [{"event": {}}, {"event": {"type": "resolve"}}, {"event": 3}, [1]]
    for odd in odd_bodies:
        process(integration, odd)
        assert Delivery.objects.latest("pk").state == "failed"
    assert Alert.objects.get().status == "firing"
