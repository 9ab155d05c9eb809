"""What people do in Splunk On-Call is so here too: once, in any order, by whom it names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents import pager_acts
from incidents.models import Alert, Delivery, Incident, PagerAct, Service
from tests.incidents.pager_acts.conftest import assert_acknowledged, clock, process, texts
from tests.incidents.signed_requests import make
from tests.splunk_oncall_server import SplunkOnCall

pytestmark = pytest.mark.django_db
Send = Callable[..., str]


def at(ago: float) -> int:
    return int(clock(ago).timestamp() * 1000)


@pytest.fixture
def ada(ada: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """User names are the ids there."""
    monkeypatch.setattr(
        pager_acts, "PEOPLE", {"test": lambda kind, key: ada if key == "ada" else None}
    )
    return ada


@pytest.fixture
def splunk(database: Service) -> Send:
    """Sends what “Any-Incident” posts of incident 9, with other values of variables."""
    server = SplunkOnCall(set(), [])
    server.open_incident("9", "orders-db is slow", service="orders-db")
    server.incidents["9"]["at"] = at(20)
    integration, _ = make("splunk_oncall", name="Splunk On-Call")

    def send(phase: str = "UNACKED", **state: Any) -> str:
        server.incidents["9"]["phase"] = phase
        changed = {f"STATE.{name}": value for name, value in state.items()}
        return process(integration, server.webhook("9", **changed))

    return send


def chat(send: Send, text: str, user: str = "ada", **fields: Any) -> str:
    integration = Delivery.objects.latest("pk").integration
    body = {"STATE.INCIDENT_NAME": "9", "CHAT.USER_ID": user, "CHAT.TEXT": text, **fields}
    return process(integration, body)


def test_an_acknowledgement_sets_the_time_there_and_its_person_as_owner(
    splunk: Send, ada: User
) -> None:
    splunk()
    splunk("ACKED", ACKED_BY="ada", ACKED_AT=at(16))
    incident = assert_acknowledged(16)
    assert incident.owner == ada
    assert "Acknowledged by ada in Splunk On-Call" in texts()


def test_its_own_fields_of_an_acknowledgement_do_where_there_are_no_others(
    splunk: Send, ada: User
) -> None:
    splunk()
    splunk("ACKED", ACK_USER="ada", ACK_TIMESTAMP=str(at(10)))
    incident = Incident.objects.get()
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=9)


def test_the_same_webhook_twice_and_late_ones_change_nothing(splunk: Send, ada: User) -> None:
    splunk()
    for _ in range(2):
        splunk("ACKED", ACKED_BY="ada", ACKED_AT=at(16), ACK_MSG="Looking at the pool")
    splunk("RESOLVED", ACKED_BY="ada", ACKED_AT=at(16), RESOLVED_BY="ada", RESOLVED_AT=at(5))
    splunk("UNACKED")
    splunk("ACKED", ACKED_BY="bob", ACKED_AT=at(8))
    incident, alert = Incident.objects.get(), Alert.objects.get()
    assert alert.status == "resolved"
    assert alert.ends_at
    assert abs(alert.ends_at - clock(5)) < timedelta(seconds=5)
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=15)
    assert texts().count("Looking at the pool") == 1


def test_an_acknowledgement_whose_webhook_was_lost_comes_with_the_resolution(
    splunk: Send, ada: User
) -> None:
    splunk()
    splunk("RESOLVED", ACKED_BY="ada", ACKED_AT=at(16), ACK_USER="bob", RESOLVED_AT=at(5))
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=15)
    assert incident.owner == ada
    assert Alert.objects.get().status == "resolved"


def test_what_resolves_unseen_by_anybody_was_never_acknowledged(splunk: Send) -> None:
    splunk()
    splunk("RESOLVED", ACK_TIMESTAMP=at(5), RESOLVED_AT=at(5))
    assert Incident.objects.get().acknowledged_at is None
    assert not PagerAct.objects.exists()


def test_chat_of_the_incident_is_a_note_once_and_ours_is_none(splunk: Send, ada: User) -> None:
    splunk()
    for _ in range(2):
        chat(splunk, "Raised max_connections")
    chat(splunk, "Called the vendor", "bob")
    assert "ourselves" in chat(splunk, "[Causebook] Very likely cause: x")
    notes = Incident.objects.get().timeline.filter(kind="note")
    assert [(each.author, each.text) for each in notes] == [
        (ada, "Raised max_connections"),
        (None, "bob in Splunk On-Call: Called the vendor"),
    ]


def test_chat_without_an_incident_and_other_events_are_ignored_with_a_sentence(
    splunk: Send,
) -> None:
    splunk()
    unset = "${{STATE.INCIDENT_NAME}}"
    assert "about no incident" in chat(splunk, "Lunch?", **{"STATE.INCIDENT_NAME": unset})
    integration = Delivery.objects.latest("pk").integration
    assert "nothing from us" in process(integration, {"PAGE.USER_ID": "ada", "PAGE.ID": "4"})
    assert "our guide" in process(integration, ["no object"])


def test_somebody_without_an_account_is_named_and_looked_up_later(splunk: Send) -> None:
    splunk()
    splunk("ACKED", ACKED_BY="bob", ACKED_AT=at(10))
    assert Incident.objects.get().owner is None
    assert pager_acts.unknown_people("splunk_oncall") == ["bob"]


def test_values_that_were_not_filled_in_say_nothing(database: Service) -> None:
    integration, _ = make("splunk_oncall", name="Splunk On-Call")
    body = {
        "STATE.INCIDENT_NAME": "9", "STATE.CURRENT_ALERT_PHASE": "ACKED",
        "STATE.ACKED_BY": "${{STATE.ACKED_BY}}", "STATE.ACKED_AT": "${{STATE.ACKED_AT}}",
        "STATE.INCIDENT_TIMESTAMP": str(at(20)), "ALERT.service": "orders-db",
        "ALERT.severity": "${{ALERT.severity}}", "ALERT.message_type": "WARNING",
        "ALERT.entity_display_name": "orders-db is slow", "ALERT.api_key": "hush-hush",
    }  # fmt: skip
    process(integration, {**body, "STATE.CURRENT_ALERT_PHASE": "UNACKED"})
    process(integration, body)
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert alert.service == database
    assert "hush-hush" not in str(alert.labels)
    assert "severity" not in alert.labels
    assert incident.acknowledged_at
    assert incident.owner is None
