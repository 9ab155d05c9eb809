"""What people read when an incident is new, and when the answer to it changes."""

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
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analysis.answers.changes import follow_answers
from analysis.answers.current import find_answer, first_sentence
from common import registry as registries
from incidents.filing import edit_incident, file_incident, set_status
from incidents.models import Alert, Change, Event, Incident, Service
from kb import answers, notifications
from kb.answers import Answer, Kind
from kb.causes.linking import link_cause, name_cause
from kb.chat import registry
from kb.chat.base import (
    AnswerButton,
    AnswerItem,
    ChatAnswer,
    Destination,
    OutboundMail,
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
from kb.notification_text import notification_text
from kb.postmortems.editing import save_postmortem, start_postmortem
from tests.analysis.answers.conftest import INDEX, POOL
from tests.kb.chat_requests import SECRET, incoming, signed
from tests.kb.conftest import past
from tests.vendor_server import Vendors, slack_problem

pytestmark = pytest.mark.django_db
Connect = Callable[..., NotificationRule]
File = Callable[..., Incident]


def words_of(post: dict[str, Any]) -> str:
    return json.dumps(post, ensure_ascii=False)


def deliver() -> None:
    NotificationDelivery.objects.filter(state="waiting").update(not_before=timezone.now())
    notifications.deliver_due()


# A new incident


def test_a_notice_says_the_past_cause_its_confidence_the_fix_and_what_to_check(
    connect: Connect, again: File, vendors: Vendors
) -> None:
    connect("slack")
    incident = again()
    deliver()
    [post] = vendors.slack
    words = words_of(post)
    assert "Connection pool too small" in words
    # The history of four is too small for a percentage, and it is said to be.
    assert "too small to say how sure" in words
    assert "%" not in words
    assert "Raised max_connections to 400" in words
    assert "Check first: Count the *idle* connections first." in words
    assert f"/{incident.reference}/" in words
    assert "Connection pool too small" in post["text"]
    assert POOL in post["text"]


def test_a_confidence_is_said_in_a_word_and_a_number(again: File, history: list[Incident]) -> None:
    cause = history[0].causes.get()
    for confidence, expected in (
        (0.82, "Very likely cause (82% sure): Index lost"),
        (0.5, "Likely cause (50% sure)"),
        (0.31, "Possible cause (31% sure)"),
        (0.02, "Doubtful cause (2% sure)"),
    ):
        answer = Answer(Kind.LIKELY, cause=cause, confidence=confidence)
        event = Event(kind="incident.filed", incident=history[0], text="x", path="/")
        shown = notification_text(event, answer)
        assert expected in shown.items[-1].title
        assert expected in shown.preview


def test_a_notice_says_that_nothing_is_alike_and_a_weak_hint_has_no_percentage(
    connect: Connect, again: File, vendors: Vendors, database: Service
) -> None:
    connect("slack")
    Change.objects.create(
        service=database, title="orders-db 8.53", started_at=timezone.now() - timedelta(minutes=7)
    )
    again("zebra quux flurb orders-db")
    deliver()
    words = words_of(vendors.slack[0])
    assert "Nothing alike in our history" in words
    assert "past records were compared" in words
    assert "%" not in words
    assert "actions" not in {block["type"] for block in vendors.slack[0]["blocks"]}
    assert "Check first: deploy of orders-db: orders-db 8.53, 7 min before" in words
    if "Index lost" in words or "Connection pool" in words:
        assert "A weak hint, no more" in words


def test_without_any_history_a_notice_says_so(connect: Connect, vendors: Vendors) -> None:
    connect("slack")
    file_incident(title="x is down")
    deliver()
    assert "no history to compare with yet" in words_of(vendors.slack[0])


def test_the_notice_goes_out_when_no_answer_can_be_found(
    connect: Connect, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("slack")
    monkeypatch.setattr(answers, "ANSWERS", registries.Registry("none", {"broken": _breaks}))
    file_incident(title="x is down")
    deliver()
    assert "x is down" in words_of(vendors.slack[0])


def _breaks(incident: Incident) -> Answer:
    raise RuntimeError("the index file is damaged")


def test_a_program_gets_the_answer_as_data(again: File, history: list[Incident]) -> None:
    incident = again()
    event = incident.events.get()
    data = notifications.notification_data(event, "https://kb.example", find_answer(incident))
    assert data["answer"]["kind"] == "likely"
    assert data["answer"]["cause"]["name"] == "Connection pool too small"
    assert data["answer"]["fixed_last_time"] == "Raised max_connections to 400"
    assert data["answer"]["confidence"] is None
    json.dumps(data)


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("1. **Raise** the pool.\n2. Then.", "Raise the pool."),
        ("## Check\n`pg_stat` first", "Check"),
        ("", ""),
        ("5xx on one pod", "5xx on one pod"),
        ("\n\n- \n- one", "one"),
    ],
)
def test_the_first_sentence_is_plain_text(markdown: str, plain: str) -> None:
    assert first_sentence(markdown) == plain


# Updates in the thread


def test_an_update_goes_into_the_thread_only_when_the_answer_changed(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("slack")
    connect("mattermost")
    incident = again()
    deliver()
    for _ in range(3):
        incident.save()  # Something changed, but not the answer.
        follow_answers()
        deliver()
    assert (len(vendors.slack), len(vendors.mattermost)) == (1, 1)
    edit_incident(incident, user, title=INDEX)
    for _ in range(3):
        follow_answers()
        deliver()
    [notice, update] = vendors.slack
    assert update["thread_ts"] == notice["ts"]
    assert "Index lost in the migration" in words_of(update)
    assert vendors.mattermost[1]["root_id"] == vendors.mattermost[0]["id"]
    assert len(vendors.mattermost) == 2


def test_a_confirmed_cause_is_reported_once_in_the_thread(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("slack")
    incident = again()
    deliver()
    link_cause(incident, find_answer(incident).cause, state="confirmed", author=user)  # type: ignore[arg-type]
    for _ in range(2):
        follow_answers()
        deliver()
    assert len(vendors.slack) == 2
    assert "Confirmed cause: Connection pool too small" in words_of(vendors.slack[1])
    assert "By oncall" in words_of(vendors.slack[1])
    set_status(incident, "resolved", user)
    follow_answers()
    deliver()
    assert len(vendors.slack) == 2


def test_a_rejected_first_cause_makes_way_for_another_answer(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("slack")
    incident = again()
    deliver()
    link_cause(incident, find_answer(incident).cause, state="rejected", author=user)  # type: ignore[arg-type]
    follow_answers()
    deliver()
    assert len(vendors.slack) == 2
    assert "Connection pool too small" not in words_of(vendors.slack[1])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """The answers to give, the last one from then on."""
    script: list[Answer] = []
    found = registries.Registry("answers", {"script": lambda _: script[-1]})
    monkeypatch.setattr(answers, "ANSWERS", found)
    return script


def test_a_confidence_that_moves_to_and_fro_over_an_edge_is_no_news(
    connect: Connect, again: File, vendors: Vendors, said: list[Answer], history: list[Incident]
) -> None:
    connect("slack")
    cause = history[0].causes.get()
    incident = again()
    for confidence in (0.49, 0.51, 0.48, 0.53, 0.72, 0.62, 0.95, 0.49, 0.2):
        said.append(Answer(Kind.LIKELY, cause=cause, confidence=confidence))
        answers.state_answer(incident)
        deliver()
    bands = [post["text"].partition(" cause (")[0].rpartition("· ")[2] for post in vendors.slack]
    assert bands == ["Possible", "Likely", "Very likely", "Possible", "Doubtful"]


def test_what_changed_back_before_it_was_sent_is_not_sent(
    connect: Connect, again: File, vendors: Vendors, said: list[Answer], history: list[Incident]
) -> None:
    connect("slack")
    first = Answer(Kind.LIKELY, cause=history[0].causes.get(), confidence=0.6)
    said.append(first)
    incident = again()
    deliver()
    for answer in (Answer(Kind.NEW, history=4), first):
        said.append(answer)
        answers.state_answer(incident)
        notifications.create_deliveries()
    deliver()
    deliver()
    assert len(vendors.slack) == 1
    assert not NotificationDelivery.objects.exclude(state="done").exists()


def test_a_rule_for_answers_alone_gets_them_as_one_thread(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    connect("slack", "incident.answer")
    incident = again()
    follow_answers()
    deliver()
    edit_incident(incident, user, title=INDEX)
    follow_answers()
    deliver()
    [first, second] = vendors.slack
    assert "thread_ts" not in first
    assert second["thread_ts"] == first["ts"]


def test_without_threads_updates_come_only_where_a_rule_asks_for_them(
    connect: Connect, again: File, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(
        notifications, "send", lambda workspace, request: sent.append(request) or b"1"
    )
    connect("teams")
    incident = again()
    deliver()
    edit_incident(incident, user, title=INDEX)
    follow_answers()
    deliver()
    assert len(sent) == 1
    NotificationRule.objects.update(events=["incident.filed", "incident.answer"])
    edit_incident(incident, user, title="zebra quux flurb")
    follow_answers()
    deliver()
    assert len(sent) == 2
    assert "Nothing alike" in json.dumps(sent[1].body)
    assert incident.reference in json.dumps(sent[1].body)


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_evidence_and_repeated_tasks_post_one_message_per_change(
    connect: Connect, again: File, vendors: Vendors, user: User
) -> None:
    rules = [connect("slack"), connect("mattermost")]
    incidents = [again() for _ in range(4)]
    deliver()
    assert len(vendors.slack) == 4

    def storm() -> None:
        try:
            for _ in range(4):
                Incident.objects.filter(pk__in=[row.pk for row in incidents]).update(
                    updated_at=timezone.now()
                )
                follow_answers()
                notifications.deliver_due()
        finally:
            connections.close_all()

    def storm_of_workers() -> None:
        threads = [threading.Thread(target=storm) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deliver()

    storm_of_workers()
    assert len(vendors.slack) == 4
    for title, expected in ((INDEX, 8), (POOL, 12)):
        for incident in incidents:
            edit_incident(incident, user, title=title)
        storm_of_workers()
        assert (len(vendors.slack), len(vendors.mattermost)) == (expected, expected)
    changes = Event.objects.filter(kind="incident.answer").count()
    assert changes == 4 * 3  # The first answer, and two changes.
    assert len(rules) == 2


def test_nothing_is_computed_for_incidents_at_rest(again: File, user: User) -> None:
    incident = again()
    follow_answers()
    StatedAnswer.objects.update(computed_at=timezone.now() + timedelta(seconds=6))
    assert follow_answers() == 0
    set_status(incident, "resolved", user)
    StatedAnswer.objects.all().delete()
    assert follow_answers() == 0


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
    html = str(mail.outbox[0].alternatives[0][0])
    assert "Confirm or reject" in html


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
    assert sent[1].body["thread_ts"] == "1763953200.000000"
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
    vendors.known |= {"PT4KHLK", "4f2ec5fb-0d1f"}
    incident = again()
    alert(incident, "pagerduty", "PT4KHLK", 5)
    alert(incident, "pagerduty", "PLATER", 1)
    alert(incident, "opsgenie", "4f2ec5fb-0d1f")
    deliver()
    [(key, note)] = vendors.pagerduty
    assert key == "PT4KHLK"
    assert "Connection pool too small" in note
    assert "Raised max_connections to 400" in note
    assert f"/{incident.reference}/" in note
    assert vendors.opsgenie == [("4f2ec5fb-0d1f", note)]
    edit_incident(incident, user, title=INDEX)
    for _ in range(2):
        follow_answers()
        deliver()
    assert [key for key, _ in vendors.pagerduty] == ["PT4KHLK", "PT4KHLK"]
    assert "Index lost in the migration" in vendors.opsgenie[1][1]


def test_an_incident_that_did_not_come_from_the_pager_gets_no_note(
    connect: Connect, again: File, vendors: Vendors
) -> None:
    connect("pagerduty", channel="")
    again()
    deliver()
    assert not NotificationDelivery.objects.exists()
    assert not vendors.pagerduty


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
                 "mail", "pagerduty", "opsgenie"]  # fmt: skip


def test_every_way_out_is_tested() -> None:
    assert set(EVERY_WAY_OUT) == set(registry())


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
    monkeypatch.setattr(notifications, "send", lambda _, request: sent.append(request) or b"{}")
    address = "https://a.example"
    known = {"url": f"{address}/", "server": address, "sender": "a@example.com"}
    row = Workspace(kind=kind, name=kind, settings=known)
    row.secrets = {"secret": "https://chat.googleapis.com/x?k=1", "bot_token": "t", "api_key": "k",
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


# Limits


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from("&<>|*_`[]()@~\\\n"),
    max_size=40,
).flatmap(lambda text: st.sampled_from([1, 3, 400]).map(lambda times: text * times))
BUTTONS = st.lists(st.builds(AnswerButton, TEXTS, TEXTS), max_size=4)
ITEMS = st.builds(
    AnswerItem, TEXTS, st.sampled_from(["", "/INC-42/"]), st.lists(TEXTS, max_size=6), BUTTONS,
    st.sampled_from(["", "/INC-42/#suggestions"]),
)  # fmt: skip
ANSWERS_OF_ANY_SIZE = st.builds(
    ChatAnswer, TEXTS.map(lambda text: text or "x"), st.lists(ITEMS, max_size=40),
    st.just(False), TEXTS, TEXTS,
)  # fmt: skip


@given(answer=ANSWERS_OF_ANY_SIZE)
@hypothesis_settings(max_examples=60)
def test_any_message_is_within_the_limits_and_escaped(answer: ChatAnswer) -> None:
    secrets = {"secret": "s", "bot_token": "t", "flow": "https://flow.example/x", "api_key": "k"}
    to = Destination(
        "C1", secrets, {"server": "https://mm.example", "sender": "a@example.com"},
        "https://kb.example.com", address="https://kb.example.com/chat/x/",
    )  # fmt: skip
    plugins = registry()
    slack = plugins["slack"]().post_message(answer, to).body  # type: ignore[union-attr]
    assert slack_problem(slack) == ""
    for text in (slack["text"], *(b["text"]["text"] for b in slack["blocks"] if "text" in b)):
        rest = text.replace("<https://kb.example.com/INC-42/|", "").replace(">*", "*", 1)
        assert "<" not in rest
        assert all(part.startswith(("amp;", "lt;", "gt;")) for part in text.split("&")[1:])
    mattermost = plugins["mattermost"]().post_message(answer, to).body  # type: ignore[union-attr]
    shown = mattermost["props"]["attachments"]
    assert len(mattermost["message"]) + sum(len(a.get("text", "")) for a in shown) <= 16_383
    assert "@all" not in mattermost["message"]
    teams = plugins["teams"]().post_message(answer, to).body  # type: ignore[union-attr]
    assert len(json.dumps(teams)) <= 28 * 1024
    for kind in ("pagerduty", "opsgenie"):
        body = plugins[kind]().post_message(answer, to).body  # type: ignore[union-attr]
        assert len(json.dumps(body, ensure_ascii=False)) <= 50_000
        assert (
            len(body.get("note", {}) if kind == "opsgenie" else body["note"]["content"]) <= 25_000
        )
