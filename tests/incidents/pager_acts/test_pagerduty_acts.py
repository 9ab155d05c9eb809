"""What people do in PagerDuty is so here too: once, in any order, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents import pager_acts
from incidents.filing import set_severity
from incidents.intake import processing
from incidents.models import Alert, Delivery, Incident, PagerAct
from incidents.retention import KINDS
from incidents.webhooks.base import PagerPerson
from tests.incidents.pager_acts.conftest import ADA, BOB, Act, clock, note, process, texts
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db


def test_an_acknowledgement_sets_the_pagers_own_time_and_its_person_as_owner(
    pagerduty: Act, ada: User
) -> None:
    pagerduty("triggered", ago=20)
    acknowledged = clock(16)
    pagerduty("acknowledged", ago=16, agent=ADA)
    incident, alert = Incident.objects.get(), Alert.objects.get()
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert alert.acknowledged_at
    assert abs(incident.acknowledged_at - acknowledged) < timedelta(seconds=2)
    assert abs(alert.acknowledged_at - acknowledged) < timedelta(seconds=2)
    # Our own record of when we heard of it must not make the time to acknowledge negative.
    assert incident.detected_at
    assert incident.detected_at <= incident.acknowledged_at
    assert "Acknowledged by Ada Example in PagerDuty" in texts()


def test_the_earliest_acknowledgement_counts_in_whatever_order_they_come(
    pagerduty: Act, ada: User
) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=5, agent=BOB)
    pagerduty("acknowledged", ago=15, agent=ADA)
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=14)
    assert incident.owner == ada


def test_somebody_without_an_account_is_named_and_becomes_none(pagerduty: Act, ada: User) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=10, agent=BOB)
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.owner is None
    assert "Acknowledged by Bob Unknown in PagerDuty" in texts()
    assert list(User.objects.values_list("username", flat=True)) == ["ada"]
    assert pager_acts.unknown_people("pagerduty") == ["PBOB"]


def test_who_is_found_later_becomes_the_owner_then_and_is_looked_up_once(
    pagerduty: Act, ada: User, django_user_model: Any
) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=10, agent=BOB)
    bob = django_user_model.objects.create_user("bob", email="bob@example.com")
    pager_acts.person_found("pagerduty", "PBOB", bob)
    assert Incident.objects.get().owner == bob
    assert pager_acts.unknown_people("pagerduty") == []
    pager_acts.person_found("pagerduty", "PBOB", ada)
    assert Incident.objects.get().owner == bob


def test_an_acknowledgement_that_overtakes_its_alert_waits_for_it(
    pagerduty: Act, ada: User
) -> None:
    assert "no alert of it is here" in pagerduty("acknowledged", ago=10, agent=ADA)
    first = Delivery.objects.get()
    assert first.state == "waiting"
    pagerduty("triggered", ago=20)
    assert Incident.objects.get().acknowledged_at is None
    Delivery.objects.filter(pk=first.pk).update(not_before=timezone.now())
    processing.process_waiting()
    first.refresh_from_db()
    assert first.state == "done"
    incident = Incident.objects.get()
    assert incident.owner == ada
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=9)


def test_an_act_of_a_record_that_never_comes_ends_with_a_sentence(pagerduty: Act) -> None:
    pagerduty("annotated", note("Of another team"))
    for _ in range(processing.MAX_ATTEMPTS):
        Delivery.objects.update(not_before=timezone.now())
        processing.process_waiting()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.outcome) == ("done", "note: no alert of it is here")
    assert not Incident.objects.exists()


def test_a_note_is_on_the_timeline_once_with_its_author_and_its_words_are_indexed(
    pagerduty: Act, ada: User
) -> None:
    pagerduty("triggered", ago=20)
    for _ in range(2):
        pagerduty("annotated", note("Raised max_connections"), agent=ADA)
    pagerduty("annotated", note("Called the vendor", "PN2"), agent=BOB)
    notes = Incident.objects.get().timeline.filter(kind="note")
    assert [(each.author, each.text) for each in notes] == [
        (ada, "Raised max_connections"), (None, "Bob Unknown in PagerDuty: Called the vendor"),
    ]  # fmt: skip


def test_a_note_that_pagerduty_cut_off_says_so_and_our_own_is_no_news(pagerduty: Act) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("annotated", {**note("It began"), "trimmed": True})
    assert "ours" in pagerduty("annotated", note("[Causebook] Very likely cause: x", "PN3"))
    [written] = Incident.objects.get().timeline.filter(kind="note")
    assert "cut the rest off" in written.text


def test_names_from_the_pager_are_no_markup(pagerduty: Act) -> None:
    pagerduty("triggered", ago=20)
    bob = BOB | {"summary": "_Bob_"}
    called = {"incident": {"id": "PT4KHLK"}, "user": bob, "type": "incident_responder"}
    pagerduty("responder.added", called)
    pagerduty("annotated", note("Called the vendor"), agent=bob)
    assert any(text.startswith(r"\_Bob\_ was called to help") for text in texts())
    assert any(text.startswith(r"\_Bob\_ in PagerDuty: Called") for text in texts())


def test_a_status_update_is_a_note_too(pagerduty: Act) -> None:
    pagerduty("triggered", ago=20)
    update = {**note(""), "message": "A fix is being developed", "type": "incident_status_update"}
    pagerduty("status_update_published", update)
    assert any("A fix is being developed" in text for text in texts())


def test_a_priority_rates_the_incident_unless_a_person_did(pagerduty: Act, user: User) -> None:
    pagerduty("triggered", {"priority": {"summary": "P3"}}, ago=20)
    incident = Incident.objects.get()
    assert incident.severity == "SEV3"
    pagerduty("priority_updated", {"priority": {"summary": "P1"}}, ago=10)
    incident.refresh_from_db()
    assert incident.severity == "SEV1"
    set_severity(incident, "SEV4", user)
    pagerduty("priority_updated", {"priority": {"summary": "P2"}}, ago=5)
    incident.refresh_from_db()
    assert incident.severity == "SEV4"


def test_reassigning_changes_the_owner_and_an_older_report_does_not_change_it_back(
    pagerduty: Act, ada: User
) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=15, agent=BOB)
    pagerduty("reassigned", {"assignees": [ADA]}, ago=5, agent=BOB)
    assert Incident.objects.get().owner == ada
    assert "since" in pagerduty("reassigned", {"assignees": [BOB]}, ago=10)
    assert Incident.objects.get().owner == ada


def test_responders_join_and_those_who_decline_leave(pagerduty: Act, ada: User) -> None:
    pagerduty("triggered", ago=20)
    called = {"incident": {"id": "PT4KHLK"}, "user": ADA, "state": "pending",
              "type": "incident_responder"}  # fmt: skip
    pagerduty("responder.added", called, ago=10)
    pagerduty("responder.added", {**called, "user": BOB}, ago=10)
    incident = Incident.objects.get()
    assert list(incident.responders.all()) == [ada]
    assert "Bob Unknown was called to help in PagerDuty." in texts()
    pagerduty("responder.replied", {**called, "state": "declined"}, ago=5)
    assert not incident.responders.exists()


@pytest.mark.parametrize("what", ["escalated", "delegated"])
def test_an_escalation_is_noted_and_makes_nobody_the_owner(
    pagerduty: Act, ada: User, what: str
) -> None:
    pagerduty("triggered", ago=20)
    to = {"assignees": [ADA], "escalation_policy": {"summary": "Database"}}
    pagerduty(what, to, ago=10)
    assert Incident.objects.get().owner is None
    assert "orders-db is slow was escalated to Ada Example (Database) in PagerDuty." in texts()


def test_who_takes_an_acknowledgement_back_takes_it_back_here_and_a_timeout_does_not(
    pagerduty: Act, ada: User
) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=15, agent=ADA)
    pagerduty("unacknowledged", ago=10)
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert Alert.objects.get().acknowledged_at is None
    assert "orders-db is slow is no longer acknowledged in PagerDuty." in texts()
    pagerduty("unacknowledged", ago=9, agent=ADA)
    incident.refresh_from_db()
    assert (incident.acknowledged_at, incident.owner) == (None, None)


def test_an_old_unacknowledgement_changes_nothing(pagerduty: Act, ada: User) -> None:
    pagerduty("triggered", ago=20)
    pagerduty("acknowledged", ago=5, agent=ADA)
    pagerduty("unacknowledged", ago=10, agent=ADA)
    assert Incident.objects.get().owner == ada


MERGED = {"resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "PT4KHLK"}}}


def test_merging_there_merges_here(pagerduty: Act) -> None:
    pagerduty("triggered", ago=20)
    other = {"id": "POTHER", "title": "billing is late", "service": {"summary": "billing"}}
    pagerduty("triggered", {**other, "created_at": clock(19).isoformat()}, ago=19)
    first, second = Incident.objects.order_by("pk")
    assert f"merged into {first.reference}" in pagerduty("resolved", {**other, **MERGED}, ago=5)
    second.refresh_from_db()
    assert second.merged_into == first
    assert first.alerts.count() == 2


def test_an_incident_that_is_about_more_is_not_merged(pagerduty: Act, receive: Any) -> None:
    pagerduty("triggered", ago=20)
    other = {"id": "POTHER", "title": "billing is late", "service": {"summary": "billing"}}
    pagerduty("triggered", {**other, "created_at": clock(19).isoformat()}, ago=19)
    second = Incident.objects.latest("pk")
    row = Alert.objects.get(fingerprint="POTHER")
    row.pk, row.source, row.fingerprint = None, "alertmanager 99", "x"
    row.save()
    assert "is about more" in pagerduty("resolved", {**other, **MERGED}, ago=5)
    second.refresh_from_db()
    assert second.merged_into is None
    assert second.timeline.filter(text__contains="was merged with one of").count() == 1


def test_two_accounts_with_one_address_are_nobody(db: None, django_user_model: Any) -> None:
    for name in ("one", "two"):
        django_user_model.objects.create_user(name, email="shared@example.com")
    assert pager_acts.account("opsgenie", PagerPerson(email="shared@example.com")) is None
    assert pager_acts.account("opsgenie", PagerPerson()) is None


@pytest.mark.parametrize(
    "body",
    [
        {"event": {"event_type": "incident.annotated", "id": "e", "data": {"content": "x"}}},
        {"event": {"event_type": "incident.reassigned", "id": "e", "data": {"id": "P"}}},
        {"event": {"event_type": "incident.responder.added", "id": "e", "data": {}}},
        {"event": {"event_type": "incident.escalated", "id": 7, "data": {"assignees": [3, None]}}},
        {"event": {"event_type": "incident.unacknowledged", "data": {"id": "P"}}},
        {"event": {"event_type": "incident.resolved", "id": "e",
                   "data": {"id": "P", "resolve_reason": {"incident": {"id": 4}}}}},
    ],
)  # fmt: skip
def test_odd_events_harm_nothing(body: dict[str, Any]) -> None:
    integration, _ = make("pagerduty", name="PagerDuty")
    process(integration, body)
    assert Delivery.objects.get().attempts == 1


def test_acts_are_stored_as_long_as_their_incident() -> None:
    assert PagerAct in KINDS["pager-acts"].tables
