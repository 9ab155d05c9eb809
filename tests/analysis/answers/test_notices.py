"""What people read when an incident is new, and when the answer to it changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from analysis.answers.changes import follow_answers
from analysis.answers.current import find_answer, first_sentence
from common import registry as registries
from incidents.filing import edit_incident, file_incident, set_status
from incidents.models import Change, Event, Incident, Service
from kb import answers, notifications
from kb.answers import Answer, Kind
from kb.causes.linking import link_cause
from kb.models import (
    NotificationDelivery,
    NotificationRule,
    StatedAnswer,
    Workspace,
)
from kb.notification_text import notification_text
from tests.analysis.answers.conftest import INDEX, POOL, deliver, recording, words_of
from tests.vendor_server import Vendors

pytestmark = pytest.mark.django_db
Connect = Callable[..., NotificationRule]
File = Callable[..., Incident]


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


def test_an_answer_that_changes_while_the_notice_is_being_sent_is_not_lost(
    connect: Connect, again: File, vendors: Vendors, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("slack")
    incident = again()
    send = notifications.send

    def send_slowly(workspace: Workspace, request: Any) -> bytes:
        monkeypatch.setattr(notifications, "send", send)
        edit_incident(incident, user, title=INDEX)
        follow_answers()
        notifications.create_deliveries()
        return send(workspace, request)

    monkeypatch.setattr(notifications, "send", send_slowly)
    deliver()
    deliver()
    [notice, update] = vendors.slack
    assert "Connection pool too small" in words_of(notice)
    assert update["thread_ts"] == notice["ts"]
    assert "Index lost in the migration" in words_of(update)


def test_an_answer_that_stays_makes_no_second_delivery(connect: Connect, again: File) -> None:
    connect("slack", "incident.filed", "incident.answer")
    again()
    for _ in range(3):
        deliver()
        follow_answers()
    assert NotificationDelivery.objects.count() == 1


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
    monkeypatch.setattr(notifications, "send", recording(sent))
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
