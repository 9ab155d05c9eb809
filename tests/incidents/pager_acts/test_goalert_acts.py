"""What people do in GoAlert is so here too, though it says neither when nor by which account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from incidents.models import Alert, Delivery, Incident, PagerAct, Service
from tests.goalert_server import GoAlert
from tests.incidents.pager_acts.conftest import process, texts
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
Send = Callable[..., str]


@pytest.fixture
def goalert(database: Service) -> Send:
    """Sends a webhook about alert 79685: its log's entry, or that it is an alert."""
    server = GoAlert(set(), [])
    server.open_alert(79685, "orders-db is slow", service="orders-db", severity="high")
    integration, _ = make("goalert", name="GoAlert")

    def send(entry: str = "", **fields: Any) -> str:
        given = {"Type": "AlertStatus", "LogEntry": entry} if entry else {}
        return process(integration, server.webhook(79685, **given, **fields))

    return send


def test_an_acknowledgement_is_so_here_at_once_and_names_who_did_it(goalert: Send) -> None:
    goalert()
    goalert("Acknowledged by Ada Example (Web)")
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.owner is None
    assert "Acknowledged by Ada Example in GoAlert" in texts()
    assert Alert.objects.get().acknowledged_at


@pytest.mark.parametrize("entry", ["Acknowledged", "Acknowledged via Slack"])
def test_who_is_not_named_is_somebody(goalert: Send, entry: str) -> None:
    goalert()
    goalert(entry)
    assert Incident.objects.get().acknowledged_at
    assert PagerAct.objects.get().person == ""


def test_closing_ends_it_and_what_comes_late_or_twice_changes_nothing(goalert: Send) -> None:
    goalert()
    for _ in range(2):
        goalert("Acknowledged by Ada Example (Web)")
        goalert("Closed by Ada Example (Web)")
    goalert()
    alert = Alert.objects.get()
    assert alert.status == "resolved"
    assert alert.ends_at
    assert Incident.objects.count() == 1


def test_a_close_that_overtakes_its_alert_ends_it(goalert: Send) -> None:
    goalert("Closed via Prometheus integration (Generic API)")
    goalert()
    assert Alert.objects.get().status == "resolved"
    assert not Incident.objects.exists()


def test_an_escalation_is_noted_once(goalert: Send) -> None:
    goalert()
    for _ in range(2):
        goalert("Escalated to step #2 automatically after 5 minutes")
    assert texts().count("orders-db is slow was escalated to step #2 in GoAlert.") == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Type": "Verification", "Code": "283917"}, "wants this code from you: 283917"),
        ({"Type": "Test"}, "A test."),
        ({"Type": "AlertBundle", "ServiceName": "x", "Count": 6}, "turn message bundles off"),
        ({"Type": "AlertStatusBundle", "AlertID": 3, "Count": 2}, "turn message bundles off"),
        ({"Type": "AlertStatus", "AlertID": 3, "LogEntry": "No notification sent"}, "nothing"),
        ({"Type": "Alert"}, "AlertID"),
        ({"Type": "AlertStatus", "AlertID": 3}, "LogEntry"),
        ([1], "Type"),
    ],
)
def test_other_messages_open_nothing_and_say_why(database: Service, body: Any, words: str) -> None:
    integration, _ = make("goalert", name="GoAlert")
    process(integration, body)
    assert words in Delivery.objects.get().outcome
    assert not Alert.objects.exists()
