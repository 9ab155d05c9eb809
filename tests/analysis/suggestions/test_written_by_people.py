"""Notes, resolutions, alerts and log lines are found by their words, and the page says so."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.models import Fingerprint
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.types import Suggestions
from incidents.filing import add_note, file_incident, set_status
from incidents.models import Incident, Service, TimelineEntry
from kb.causes.linking import create_cause, link_cause

pytestmark = pytest.mark.django_db
FIX = "failover to replica fixed it"


@pytest.fixture
def past(database: Service, user: User) -> Incident:
    for title in ("Mail delayed for hours", "Search returns nothing", "Images do not load"):
        file_incident(title=title)
    return file_incident(title="Shop shows an empty list", services=[database], reporter=user)


def found(answer: Suggestions) -> dict[int, list[tuple[str, str]]]:
    """Of each past incident found, its reasons and where they were written."""
    return {
        alike.incident.pk: [(reason.text, reason.written) for reason in alike.reasons]
        for alike in answer.incidents
    }


def test_a_note_makes_its_incident_found_and_the_reason_says_where(
    past: Incident, user: User
) -> None:
    assert past.pk not in found(suggest_for_text("replica failover", user))
    add_note(past, FIX, user)
    reasons = found(suggest_for_text("replica failover", user))[past.pk]
    assert ("replica", "in a note then") in reasons


def test_a_note_on_a_private_incident_is_found_by_nobody_else(
    past: Incident, user: User, other: User
) -> None:
    Incident.objects.filter(pk=past.pk).update(private=True)
    add_note(past, FIX, user)
    assert past.pk in found(suggest_for_text("replica failover", user))
    assert past.pk not in found(suggest_for_text("replica failover", other))


def test_a_hidden_or_deleted_note_is_found_no_more(past: Incident, user: User) -> None:
    note = add_note(past, FIX, user)
    assert past.pk in found(suggest_for_text("replica failover", user))
    note.hidden = True
    note.save()
    assert past.pk not in found(suggest_for_text("replica failover", user))
    add_note(past, FIX, user)
    assert past.pk in found(suggest_for_text("replica failover", user))
    TimelineEntry.objects.filter(incident=past, kind="note").order_by("-pk")[0].delete()
    assert past.pk not in found(suggest_for_text("replica failover", user))


def test_what_causebook_writes_itself_is_no_note(past: Incident, user: User) -> None:
    TimelineEntry.objects.create(incident=past, kind="edit", text=FIX)
    assert past.pk not in found(suggest_for_text("replica failover", user))


def test_a_note_on_an_open_incident_sharpens_what_is_suggested(
    past: Incident, user: User, web: Client
) -> None:
    cause = create_cause(name="Primary lost its disk")
    link_cause(past, cause, state="confirmed", author=user)
    set_status(past, "resolved", resolution="Promoted the replica by hand")
    now = file_incident(title="Customers complain", reporter=user)
    assert not suggest_for_incident(now, user).causes
    add_note(now, "The replica says that it was promoted twice", user)
    [suggestion] = suggest_for_incident(now, user).causes
    assert suggestion.cause == cause
    sources = {reason.text: reason.written for reason in suggestion.reasons}
    assert sources["replica"] == "in a note now"
    page = web.get(f"/analysis/incidents/{now.pk}/suggestions/").content.decode()
    assert "in a note now" in page


def test_the_words_of_log_lines_meet_the_words_of_a_cause(past: Incident, user: User) -> None:
    cause = create_cause(
        name="Missing setting", how_to_tell="The log says “missing required environment variable”"
    )
    create_cause(name="Traffic surge", how_to_tell="The request rate is many times the usual")
    now = file_incident(title="Something is wrong", reporter=user)
    Fingerprint.objects.create(
        incident=now, templates={"t1": "FATAL missing required environment variable <*>"}
    )
    first = suggest_for_incident(now, user).causes[0]
    assert first.cause == cause
    assert "in an alert or log line now" in {reason.written for reason in first.reasons}
