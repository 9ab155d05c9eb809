"""Chat: who may ask, which answer they get, in time, and what never gets to a channel."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident, set_status
from incidents.models import Change, Incident, Service
from kb.causes.linking import name_cause
from kb.chat.base import ChatAnswer, ChatEvent
from kb.chatops import dispatch, endpoints
from kb.models import CauseLink, ChatCode, ChatPerson, IncidentChannel, Workspace
from practice.models import Slo
from tests.kb.chat_requests import signed, teams_request
from tests.kb.chatops.conftest import PERSON, body_of, say
from tests.practice.conftest import count, fail

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_rejects_a_replay_and_runs_a_retried_event_once(
    slack: Workspace, linked: ChatPerson
) -> None:
    body = urlencode(
        {"user_id": PERSON, "text": "new checkout is down", "trigger_id": "t1", "channel_id": "C"}
    )
    form, headers = "application/x-www-form-urlencoded", signed(body)
    address = f"/chat/{slack.slug}/"
    assert Client().post(address, body, content_type=form, headers=headers).status_code == 200
    again = Client().post(address, body, content_type=form, headers=headers)
    assert (again.status_code, "replay" in again.json()["title"]) == (401, True)
    assert Incident.objects.count() == 1
    assert Client().post(address, body, content_type=form).status_code == 401
    assert Client().post("/chat/nowhere/", body, content_type=form).status_code == 404


def test_it_answers_the_handshake_of_slack(slack: Workspace) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    answer = Client().post(
        f"/chat/{slack.slug}/", body, content_type="application/json", headers=signed(body)
    )
    assert answer.json() == {"challenge": "abc"}


def test_it_ignores_a_workspace_that_is_not_configured(slack: Workspace) -> None:
    slack.settings = {"workspace": "T1"}
    slack.save()
    assert body_of(say(slack, "help", team_id="T2")) == "{}"
    assert "Commands" in body_of(say(slack, "help"))


# The commands


def test_past_causes_come_with_reasons_links_and_last_fix(
    slack: Workspace, incident: Incident, user: User
) -> None:
    name_cause(incident, "Missing index", author=user)
    set_status(incident, "resolved", user, "Created the index")
    answer = say(slack, "orders-db CPU at 97 %")
    assert answer.json()["response_type"] == "ephemeral"
    words = body_of(answer)
    assert "Missing index" in words
    assert "Because of" in words
    assert "Created the index" in words
    assert f"/knowledge/causes/{incident.causes.get().pk}/" in words
    shared = say(slack, "share orders-db CPU at 97 %").json()
    assert shared["response_type"] == "in_channel"


def test_it_says_so_when_history_holds_nothing_alike(slack: Workspace, incident: Incident) -> None:
    assert "Nothing like this in our history" in body_of(say(slack, "zebra quux flurb"))


def test_a_person_without_account_reads_but_changes_nothing(
    slack: Workspace, incident: Incident
) -> None:
    assert incident.title in body_of(say(slack, incident.reference))
    for words in ("new checkout is down", f"resolve {incident.reference}", "note x"):
        assert "do not know yet who you are" in body_of(say(slack, words))
    assert Incident.objects.count() == 1


def test_an_incident_is_acknowledged_and_given_to_somebody(
    slack: Workspace, linked: ChatPerson, incident: Incident, user: User
) -> None:
    assert "is acknowledged" in body_of(say(slack, f"ack {incident.reference}"))
    incident.refresh_from_db()
    assert incident.owner == user
    other = User.objects.create_user("colleague")
    assert "owned by colleague" in body_of(say(slack, f"owner {incident.reference} colleague"))
    assert "Nobody signs in as" in body_of(say(slack, f"owner {incident.reference} no-one"))
    assert f"Owner: {other}" in body_of(say(slack, incident.reference))


def test_a_code_links_an_account_once(slack: Workspace, web: Client, user: User) -> None:
    code = web.post("/knowledge/chat/me/").context["code"]
    assert f"You are {user}" in body_of(say(slack, f"link {code}"))
    assert "not valid" in body_of(say(slack, f"link {code}", user_id="U9"))
    assert ChatPerson.objects.get().user == user
    expired = ChatCode.make(user)
    ChatCode.objects.update(expires_at=timezone.now())
    assert "not valid" in body_of(say(slack, f"link {expired}"))


def test_commands_file_change_and_resolve_an_incident(
    slack: Workspace, linked: ChatPerson, database: Service, user: User
) -> None:
    answer = say(slack, "new orders-db is slow")
    assert answer.json()["response_type"] == "in_channel"
    incident = Incident.objects.get()
    assert (incident.reporter, list(incident.services.all())) == (user, [database])
    ref = incident.reference
    say(slack, f"severity {ref} sev1")
    say(slack, f"status {ref} identified")
    say(slack, f"note {ref} failover begun")
    say(slack, f"cause {ref} Disk full")
    say(slack, f"resolve {ref} Freed the disk")
    incident.refresh_from_db()
    assert (incident.severity, incident.status) == ("SEV1", "resolved")
    assert incident.resolution == "Freed the disk"
    assert incident.causes.get().name == "Disk full"
    assert incident.timeline.filter(text="failover begun", author=user).exists()


def test_a_mistake_is_answered_with_what_to_do_instead(
    slack: Workspace, linked: ChatPerson
) -> None:
    assert "no INC-999 that can be shown" in body_of(say(slack, "status INC-999 resolved"))
    assert "Which incident?" in body_of(say(slack, "note hello"))
    assert "What is wrong?" in body_of(say(slack, "new"))
    ref = file_incident(title="x is down").reference
    assert "One of investigating" in body_of(say(slack, f"status {ref} done"))
    assert "Disk full" not in body_of(say(slack, f"cause {ref}"))
    assert "what was changed" in body_of(say(slack, f"cause {ref}")).lower()


def test_buttons_confirm_and_reject_causes(
    slack: Workspace, linked: ChatPerson, incident: Incident, database: Service, user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    name_cause(incident, "Missing index", author=user)
    again = file_incident(title="orders-db CPU at 97 %", services=[database])
    shown = say(slack, f"similar {again.reference}").json()
    buttons = [b for block in shown["blocks"] if block["type"] == "actions"
               for b in block["elements"]]  # fmt: skip
    sent: list[Any] = []
    monkeypatch.setattr(endpoints, "send", recording(sent))
    for button, state in zip(buttons, ("confirmed", "rejected"), strict=True):
        payload = {
            "type": "block_actions", "user": {"id": PERSON, "username": "roadrunner"},
            "team": {"id": "T1"}, "channel": {"id": "C1"}, "trigger_id": f"p{state}",
            "response_url": "https://hooks.slack.com/actions/x", "actions": [button],
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)})
        answer = Client().post(
            f"/chat/{slack.slug}/", body, content_type="application/x-www-form-urlencoded",
            headers=signed(body),
        )  # fmt: skip
        assert answer.status_code == 200
        link = wait_until(again.cause_links.filter(state=state).first)
        assert (link.author, link.cause.name) == (user, "Missing index")
    wait_until(lambda: len(sent) == 2)
    assert {call.url for call in sent} == {"https://hooks.slack.com/actions/x"}


def recording(sent: list[Any]) -> Callable[[Workspace, Any], bytes]:
    """Instead of the platform: records what would have been sent."""

    def send(workspace: Workspace, call: Any) -> bytes:
        sent.append(call)
        return b""

    return send


def wait_until(question: Callable[[], Any], seconds: float = 5.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := question():
            return found
        time.sleep(0.02)
    raise AssertionError("It did not happen in time.")


def test_a_marked_message_becomes_an_entry_at_its_own_time(
    slack: Workspace, linked: ChatPerson, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(slack, f"here {incident.reference}")
    assert IncidentChannel.objects.get().incident == incident
    sent: list[Any] = []

    def send(workspace: Workspace, call: Any) -> bytes:
        sent.append(call)
        return json.dumps({"ok": True, "messages": [{"text": "Failover at 03:04"}]}).encode()

    monkeypatch.setattr(endpoints, "send", send)
    event = {
        "type": "event_callback", "team_id": "T1", "event_id": "Ev1",
        "event": {"type": "reaction_added", "user": PERSON, "reaction": "pushpin",
                  "item": {"channel": "C1", "ts": "1763953200.000100"}},
    }  # fmt: skip
    body = json.dumps(event)
    for _ in range(2):  # Slack sends an event again when our answer was late.
        answer = Client().post(
            f"/chat/{slack.slug}/", body, content_type="application/json",
            headers={**signed(body), "X-Slack-Retry-Num": "1"},
        )  # fmt: skip
        assert answer.status_code == 200
    entry = wait_until(lambda: incident.timeline.filter(text__contains="Failover at").first())
    assert entry.at == datetime.fromtimestamp(1763953200.0001, UTC)
    wait_until(lambda: len(sent) == 2)
    assert incident.timeline.filter(text__contains="Failover at").count() == 1


def test_changes_and_owners_of_a_service(slack: Workspace, database: Service) -> None:
    Change.objects.create(service=database, title="orders-db 8.53")
    Change.objects.create(
        service=database, title="orders-db 8.54", counts=False, counts_reason="staging"
    )
    database.owner_team = "Data"
    database.save()
    counting = body_of(say(slack, "changes orders-db 2h"))
    assert "orders-db 8.53" in counting
    assert "1 more do not count" in counting
    assert "orders-db 8.54" not in counting
    every = body_of(say(slack, "changes orders-db 2h all"))
    assert "orders-db 8.54 [does not count: staging]" in every
    assert "Team: Data" in body_of(say(slack, "who orders"))
    assert "No service is called" in body_of(say(slack, "who nobody"))


def test_budget_shows_what_spent_it(slack: Workspace, database: Service, user: User) -> None:
    assert "has no objective" in body_of(say(slack, "budget orders-db"))
    slo = Slo.objects.create(
        service=database, name="availability", numerator="a[$window]", total="b[$window]"
    )
    now = timezone.now()
    count(slo, now)
    start = (now - timedelta(days=2)).replace(minute=0)
    fail(slo, start, 60)
    incident = file_incident(
        title="orders-db down", services=[database], impact_started_at=start, detected_at=start,
        resolved_at=start + timedelta(hours=1), status="resolved", quiet=True, private=True,
    )  # fmt: skip
    name_cause(incident, "Zebra index", author=user)
    answer = body_of(say(slack, "budget orders-db"))
    assert "spent: releases stop" in answer
    # A channel reads along: what a private incident spent has no name there.
    assert "outside of any incident" in answer
    assert "Zebra" not in answer


# Private incidents


def test_a_private_incident_is_shown_privately_to_those_who_may_see_it(
    slack: Workspace, linked: ChatPerson, user: User, database: Service
) -> None:
    secret = file_incident(title="Zebrafish leak", reporter=user, private=True, services=[database])
    name_cause(secret, "Okapi key in a bucket", author=user)
    mine = say(slack, secret.reference)
    assert "Zebrafish" in body_of(mine)
    assert mine.json()["response_type"] == "ephemeral"
    assert say(slack, f"note {secret.reference} x").json()["response_type"] == "ephemeral"
    for words in (
        secret.reference, "Zebrafish leak", f"similar {secret.reference}", "who orders-db",
        f"status {secret.reference} resolved", f"cause {secret.reference} Disk full",
    ):  # fmt: skip
        theirs = body_of(say(slack, words, user_id="U-stranger")).lower()
        assert "okapi" not in theirs
        assert "zebrafish leak" not in theirs.replace(words.lower(), "")
        shared = body_of(say(slack, f"share {words}")).lower()
        assert "okapi" not in shared
        assert "leak" not in shared.replace(words.lower(), "")
    assert "no channel" in body_of(say(slack, f"here {secret.reference}"))
    secret.refresh_from_db()
    assert secret.is_open


def test_a_platform_without_private_answers_shows_nothing_private(
    user: User, database: Service
) -> None:
    teams = Workspace(kind="teams", name="Teams")
    teams.secrets = {"secret": base64.b64encode(b"sixteen byte key").decode()}
    teams.save()
    person = "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgmB39ATiQWA85gQ"
    ChatPerson.objects.create(workspace=teams, external_id=person, user=user)
    secret = file_incident(title="Zebrafish leak", reporter=user, private=True)
    body, header = teams_request(secret.reference, timezone.now().isoformat())
    answer = Client().post(
        f"/chat/{teams.slug}/", body, content_type="application/json", HTTP_AUTHORIZATION=header
    )
    assert "can be shown here" in body_of(answer)
    assert "Zebrafish" not in body_of(answer)


# In time


@pytest.mark.clock
def test_it_acknowledges_in_time_while_the_database_is_slow(
    slack: Workspace, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say(slack, "help").status_code == 200  # The workspace is cached from here on.
    sent: list[Any] = []
    released = threading.Event()
    monkeypatch.setattr(endpoints, "send", recording(sent))
    original = dispatch.answer_event

    def slow_answer(*args: Any) -> ChatAnswer:
        released.wait(10)
        return original(*args)

    monkeypatch.setattr(dispatch, "answer_event", slow_answer)
    monkeypatch.setattr(endpoints, "_load_workspace", lambda slug: released.wait(10))
    # Every cached entry is old.
    monkeypatch.setattr(endpoints._workspaces, "max_age", -1.0)
    began = time.monotonic()
    answer = say(slack, incident.reference)
    assert time.monotonic() - began < 1.0 + endpoints.INLINE_SECONDS / 2
    assert answer.json()["text"] == "Searching…"
    released.set()
    call = wait_until(lambda: sent and sent[0])
    assert call.url.startswith("https://hooks.slack.com/")
    assert incident.title in json.dumps(call.body)


@pytest.mark.clock
def test_a_slow_platform_does_not_delay_the_response(
    slack: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    def send(workspace: Workspace, call: Any) -> bytes:
        time.sleep(1.5)
        sent.append(call)
        return b""

    monkeypatch.setattr(endpoints, "send", send)
    event = {
        "type": "event_callback", "team_id": "T1", "event_id": "Ev7",
        "event": {"type": "app_mention", "user": PERSON, "text": "<@U9> help", "channel": "C1"},
    }  # fmt: skip
    body = json.dumps(event)
    began = time.monotonic()
    Client().post(
        f"/chat/{slack.slug}/", body, content_type="application/json", headers=signed(body)
    )
    assert time.monotonic() - began < 1.0
    call = wait_until(lambda: sent and sent[0])
    assert call.url == "https://slack.com/api/chat.postEphemeral"


def test_buttons_need_a_linked_account(slack: Workspace, incident: Incident) -> None:
    event = ChatEvent("button", f"it {incident.pk} 1", "U-stranger", channel="C1")
    answer = dispatch.answer_event(slack, event, True)
    assert "do not know yet" in answer.text
    assert not CauseLink.objects.exists()
