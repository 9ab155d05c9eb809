"""The ways out beside chat messages: mails, buttons, notes; and that nothing private leaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from analysis.answers.changes import follow_answers
from incidents.filing import edit_incident, file_incident
from incidents.models import Alert, Event, Incident, Service
from kb import notifications
from kb.causes.linking import link_cause, name_cause
from kb.chat import registry
from kb.chat.base import (
    AnswerItem,
    ChatAnswer,
    Destination,
    NotAuthentic,
    OutboundMail,
    OutboundRequest,
)
from kb.chat.mattermost import button_token
from kb.chatops import endpoints
from kb.models import (
    ChatPerson,
    NotificationDelivery,
    NotificationRule,
    StatedAnswer,
    Workspace,
)
from kb.postmortems.editing import save_postmortem, start_postmortem
from tests.analysis.answers.conftest import INDEX, POOL, deliver, recording
from tests.kb.chat_requests import SECRET, incoming, signed
from tests.kb.conftest import past
from tests.vendor_server import Vendors

pytestmark = pytest.mark.django_db
Connect = Callable[..., NotificationRule]
File = Callable[..., Incident]


# Mail


def test_mails_thread_by_their_headers_and_keep_their_subject(
    connect: Connect, again: File, user: User, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    connect("mail", channel="ann@example.com, not an address, ben@example.com")
    incident = again()
    deliver()
    edit_incident(incident, user, symptom=INDEX, title=INDEX)
    follow_answers()
    deliver()
    [first, second] = (each.message() for each in mail.outbox)
    assert mail.outbox[0].to == ["ann@example.com", "ben@example.com"]
    assert second["In-Reply-To"] == first["Message-ID"] == second["References"]
    assert second["Message-ID"] != first["Message-ID"]
    assert second["Subject"].startswith(f"Re: {incident.reference}")
    assert "Fixed last time" in mail.outbox[0].body
    html = str(mail.outbox[0].alternatives[0][0])  # type: ignore[attr-defined]
    assert "Confirm or reject" in html


def test_a_rule_for_mail_needs_addresses(connect: Connect) -> None:
    rule = connect("mail", channel="ops channel")
    with pytest.raises(ValidationError, match="mail addresses"):
        notifications.check_rule(rule)
    rule.channel = "ann@example.com, ben@example.com"
    notifications.check_rule(rule)


def test_a_mail_escapes_what_people_wrote(history: list[Incident]) -> None:
    answer = ChatAnswer("<script>x</script>", [AnswerItem("<b>t</b>", "/p/", ["<i>line"])])
    sent = registry()["mail"]().post_message(
        answer, Destination("a@example.com", {}, {}, "https://kb", subject="one\nBcc: x@y.example")
    )
    assert isinstance(sent, OutboundMail)
    assert "<script>" not in sent.html
    assert "<b>t" not in sent.html
    assert "\n" not in sent.subject


# Buttons


def press(workspace: Workspace, button: dict[str, Any], person: str = "U1") -> Any:
    payload = {
        "type": "block_actions", "user": {"id": person, "username": "ann"}, "team": {"id": "T1"},
        "channel": {"id": "C0OPS"}, "trigger_id": f"p{timezone.now()}{person}",
        "response_url": "https://hooks.slack.com/actions/x", "actions": [button],
        "message": {"ts": "1763953200.000000", "thread_ts": "1763953200.000000"},
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(payload)})
    return Client().post(
        f"/chat/{workspace.slug}/", body, content_type="application/x-www-form-urlencoded",
        headers=signed(body, secret=SECRET),
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_buttons_of_a_notice_confirm_for_a_known_person_and_refuse_others(
    connect: Connect, again: File, vendors: Vendors, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = connect("slack")
    ChatPerson.objects.create(workspace=rule.workspace, external_id="U1", user=user)
    incident = again()
    deliver()
    sent: list[Any] = []
    answered = threading.Event()

    def record(workspace: Workspace, request: Any) -> bytes:
        sent.append(request)
        answered.set()
        return b""

    monkeypatch.setattr(endpoints, "send", record)
    [actions] = [b for b in vendors.slack[0]["blocks"] if b["type"] == "actions"]
    yes, no = actions["elements"]
    assert press(rule.workspace, yes, "U-stranger").status_code == 200
    assert answered.wait(10)
    assert "do not know yet who you are" in json.dumps(sent[0].body)
    assert not incident.cause_links.exists()
    answered.clear()
    press(rule.workspace, no)
    assert answered.wait(10)
    link = incident.cause_links.get()
    assert (link.state, link.author) == ("rejected", user)
    # The thread itself reports the decision, so the person alone gets this.
    assert sent[1].body["response_type"] == "ephemeral"
    answered.clear()
    press(rule.workspace, yes)
    assert answered.wait(10)
    link.refresh_from_db()
    assert link.state == "confirmed"
    forged = Client().post(
        f"/chat/{rule.workspace.slug}/", urlencode({"payload": "{}"}),
        content_type="application/x-www-form-urlencoded", headers=signed("payload=other"),
    )  # fmt: skip
    assert forged.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_mattermosts_buttons_prove_that_we_made_them(
    connect: Connect, again: File, vendors: Vendors, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "INLINE_SECONDS", 20.0)
    rule = connect("mattermost")
    ChatPerson.objects.create(workspace=rule.workspace, external_id="mm-ann", user=user)
    incident = again()
    deliver()
    shown = vendors.mattermost[0]["props"]["attachments"]
    [actions] = [each["actions"] for each in shown if "actions" in each]
    integration = actions[0]["integration"]
    assert integration["url"].endswith(f"/chat/{rule.workspace.slug}/")
    body = {"user_id": "mm-ann", "channel_id": "C0OPS", "trigger_id": "t1",
            "context": integration["context"]}  # fmt: skip
    address = f"/chat/{rule.workspace.slug}/"
    forged = {**body, "context": {**integration["context"], "token": button_token("guess")}}
    assert Client().post(address, forged, content_type="application/json").status_code == 401
    answer = Client().post(address, body, content_type="application/json")
    assert "Confirmed as a cause" in answer.json()["ephemeral_text"]
    assert incident.cause_links.get().author == user


def test_an_incoming_webhook_does_where_there_is_no_bot_and_has_no_thread() -> None:
    answer = ChatAnswer("x is down", [AnswerItem("Open INC-1", "/INC-1/")])
    for kind, address in (
        ("slack", "https://hooks.slack.com/services/T1/B1/x"),
        ("mattermost", "https://mm.example/hooks/x"),
    ):
        secrets = {"secret": "s", "incoming_webhook": address}
        to = Destination("", secrets, {"server": "https://mm.example"}, "https://kb")
        plugin = registry()[kind]()
        sent = plugin.post_message(answer, to)
        assert isinstance(sent, OutboundRequest)
        assert (sent.url, sent.headers) == (address, {})
        assert "x is down" in json.dumps(sent.body)
        assert plugin.message_id(sent, b"ok") == ""


# Notes on the pager's incident


def alert(incident: Incident, kind: str, key: str, minutes: int = 0) -> None:
    Alert.objects.create(
        source=f"{kind} 7", fingerprint=key, name="HighErrors", incident=incident,
        starts_at=timezone.now() - timedelta(minutes=minutes),
    )  # fmt: skip


def test_the_pagers_incident_gets_the_same_text_as_notes(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("pagerduty", channel="")
    connect("opsgenie", channel="")
    vendors.pagers.open_incident("PT4KHLK")
    vendors.pagers.open_incident("PLATER")
    vendors.pagers.open_alert("4f2ec5fb-0d1f")
    incident = again()
    alert(incident, "pagerduty", "PT4KHLK", 5)
    alert(incident, "pagerduty", "PLATER", 1)
    alert(incident, "opsgenie", "4f2ec5fb-0d1f")
    deliver()
    first, later = (vendors.pagers.incidents[key]["notes"] for key in ("PT4KHLK", "PLATER"))
    [note] = first
    assert later == []
    assert "Connection pool too small" in note
    assert "Raised max_connections to 400" in note
    assert f"/{incident.reference}/" in note
    assert vendors.pagers.alerts["4f2ec5fb-0d1f"]["notes"] == [note]
    edit_incident(incident, user, title=INDEX)
    for _ in range(2):
        follow_answers()
        deliver()
    assert (len(first), later) == (2, [])
    assert "Index lost in the migration" in vendors.pagers.alerts["4f2ec5fb-0d1f"]["notes"][1]


def test_an_incident_that_did_not_come_from_the_pager_gets_no_note(
    connect: Connect, again: File, vendors: Vendors
) -> None:
    connect("pagerduty", channel="")
    again()
    deliver()
    assert not NotificationDelivery.objects.exists()
    assert vendors.pagers.requests == []


def test_keys_of_the_pagers_are_sealed_and_never_shown(
    client: Client, django_user_model: Any
) -> None:
    client.force_login(django_user_model.objects.create_superuser("root"))
    form = {"workspace_name": "PD", "api_key": "hush-hush", "sender": "a@example.com",
            "server": "https://api.eu.pagerduty.com", "enabled": "on"}  # fmt: skip
    assert client.post("/knowledge/chat/new/pagerduty/", form).status_code == 302
    row = Workspace.objects.get()
    assert row.secrets == {"api_key": "hush-hush"}
    assert "hush-hush" not in row.sealed
    assert "hush-hush" not in client.get(f"/knowledge/chat/{row.pk}/edit/").content.decode()
    with pytest.raises(NotAuthentic):
        registry()["pagerduty"]().verify(incoming("{}", {}, 0))


# Private


EVERY_WAY_OUT = ["slack", "mattermost", "teams", "discord", "googlechat", "telegram", "webhook",
                 "mail", "pagerduty", "opsgenie", "splunk_oncall", "grafana_oncall"]  # fmt: skip
STATES_ONLY = {"goalert"}
"""Kinds that no text leaves by; tests/kb/pagers tests that no state of what is private does."""


def test_every_way_out_is_tested() -> None:
    assert set(EVERY_WAY_OUT) | STATES_ONLY == set(registry())
    assert {kind for kind, plugin in registry().items() if plugin.takes} == STATES_ONLY


@pytest.mark.parametrize("kind", EVERY_WAY_OUT)
def test_nothing_private_leaves(
    kind: str, user: User, database: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = past("Zebrafish pool exhausted on orders-db", database, 20, private=True,
                  reporter=user, resolution="Zebrafish failover")  # fmt: skip
    name_cause(secret, "Okapi credentials in the pool", author=user, how_to_tell="Okapi first.")
    public = past(POOL, database, 30, resolution="Raised max_connections")
    link = name_cause(public, "Connection pool too small", author=user)
    link_cause(secret, link.cause, state="confirmed", author=user)
    postmortem = start_postmortem([public, secret], user)
    save_postmortem(postmortem, user, base_version=1, title="Quagga", body="quagga pool exhausted")
    sent: list[Any] = []
    monkeypatch.setattr(notifications, "send", recording(sent))
    address = "https://a.example"
    known = {"url": f"{address}/", "server": address, "sender": "a@example.com"}
    row = Workspace(kind=kind, name=kind, settings=known)
    row.secrets = {"secret": "https://chat.googleapis.com/x?k=1", "bot_token": "t", "api_key": "k",
                   "api_id": "k",
                   "flow": "https://a.example/flow"}  # fmt: skip
    row.save()
    channel = "a@example.com" if kind == "mail" else "42"
    NotificationRule.objects.create(
        workspace=row, channel=channel, events=["incident.filed", "incident.answer"]
    )
    hidden = file_incident(title="Zebrafish pool exhausted", private=True, reporter=user,
                           services=[database])  # fmt: skip
    incident = file_incident(title=POOL, services=[database])
    for each in (incident, hidden):
        alert(each, kind, "PT4KHLK")
    for _ in range(2):
        follow_answers()
        deliver()
    edit_incident(incident, user, title="Zebra stripes, okapi: pool exhausted on orders-db")
    follow_answers()
    deliver()
    assert sent, "Nothing was sent at all."
    everything = repr(sent)
    assert "Connection pool too small" in everything
    for word in ("Zebrafish", "Okapi", "Quagga", "quagga", secret.reference, hidden.reference):
        assert f"{word} " not in everything.replace('"', " ").replace("/", " "), word
    assert not StatedAnswer.objects.filter(incident=hidden).exists()
    events = Event.objects.filter(kind="incident.answer")
    assert not any("Okapi" in event.text for event in events)


def test_an_incident_that_became_private_gets_no_update(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("slack")
    incident = again()
    deliver()
    edit_incident(incident, user, title=INDEX)
    follow_answers()
    notifications.create_deliveries()
    Incident.objects.filter(pk=incident.pk).update(private=True)
    deliver()
    assert len(vendors.slack) == 1
