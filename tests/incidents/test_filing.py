from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from incidents import filing
from incidents.models import Incident, Service, TimelineEntry, history_of


def test_it_files_with_a_timeline_entry(incident: Incident, user: AbstractUser) -> None:
    assert incident.reference == f"INC-{incident.pk}"
    entry = incident.timeline.get()
    assert (entry.kind, entry.author) == ("filed", user)


@pytest.mark.django_db
def test_it_refuses_an_empty_title_by_name() -> None:
    with pytest.raises(ValidationError) as error:
        filing.file_incident(title="   ")
    assert "title" in error.value.message_dict
    assert not Incident.objects.exists()


def test_resolving_sets_the_times_and_says_so(incident: Incident, user: AbstractUser) -> None:
    resolved = filing.set_status(incident, "resolved", user, "Added the index")
    assert resolved.resolved_at
    assert resolved.mitigated_at
    assert resolved.resolution == "Added the index"
    assert "Resolved" in resolved.timeline.get(kind="status").text


def test_reopening_forgets_when_it_was_resolved(incident: Incident) -> None:
    filing.set_status(incident, "resolved")
    reopened = filing.set_status(incident, "investigating")
    assert reopened.resolved_at is None
    assert reopened.mitigated_at is None


def test_saying_the_same_status_twice_adds_one_entry(incident: Incident) -> None:
    filing.set_status(incident, "identified")
    filing.set_status(incident, "identified")
    assert incident.timeline.filter(kind="status").count() == 1


@pytest.mark.parametrize("status", ["", "closed", "RESOLVED"])
def test_it_refuses_an_unknown_status(incident: Incident, status: str) -> None:
    with pytest.raises(ValidationError, match="Choose one of"):
        filing.set_status(incident, status)


def test_a_resolution_before_the_impact_is_refused_in_words(incident: Incident) -> None:
    early = incident.impact_started_at - timedelta(hours=1)
    with pytest.raises(ValidationError, match="before"):
        filing.edit_incident(incident, resolved_at=early)


def test_the_database_itself_refuses_what_no_form_checked(incident: Incident) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(severity="SEV9")
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(status="resolved", resolved_at=None)


def test_history_tells_who_changed_what(incident: Incident, web: Client) -> None:
    web.post(f"/INC-{incident.pk}/severity/", {"severity": "SEV1"})
    newest = history_of(incident)[0]
    assert newest.severity == "SEV1"
    assert newest.history_user.username == "oncall"


def test_filing_in_the_web_finds_the_service_in_the_title(web: Client, database: Service) -> None:
    answer = web.post("/new/", {"title": "orders-db: too slow", "severity": "SEV2"})
    filed = Incident.objects.get()
    assert answer.headers["Location"] == filed.get_absolute_url()
    assert list(filed.services.all()) == [database]


def test_a_bad_form_names_the_field_and_keeps_the_text(web: Client) -> None:
    answer = web.post("/new/", {"title": "", "severity": "SEV2", "symptom": "do not lose me"})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()
    assert "do not lose me" in answer.content.decode()
    assert not Incident.objects.exists()


def test_editing_keeps_what_the_form_does_not_show(web: Client, incident: Incident) -> None:
    start = timezone.now() - timedelta(hours=2)
    answer = web.post(
        f"/INC-{incident.pk}/edit/",
        {"title": "Renamed", "impact_started_at": start.strftime("%Y-%m-%dT%H:%M:%S")},
    )
    assert answer.status_code == 302
    incident.refresh_from_db()
    assert (incident.title, incident.severity) == ("Renamed", "SEV3")
    assert incident.timeline.filter(kind="edit").exists()


def test_notes_render_markdown_and_nothing_that_runs(web: Client, incident: Incident) -> None:
    text = "**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![i](http://evil/x.png)"
    web.post(f"/INC-{incident.pk}/notes/", {"text": text})
    page = web.get(f"/INC-{incident.pk}/").content.decode()
    assert "<strong>bold</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert '<img src="http' not in page


def test_an_empty_note_is_refused_with_a_message(web: Client, incident: Incident) -> None:
    answer = web.post(f"/INC-{incident.pk}/notes/", {"text": "  "}, follow=True)
    assert "Write a note first" in answer.content.decode()
    assert not TimelineEntry.objects.filter(kind="note").exists()
