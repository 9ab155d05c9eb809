"""Filing, editing and notes by the pages."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from incidents.models import Incident, Service, TimelineEntry


def test_filing_in_the_web_finds_the_service_in_the_title(web: Client, database: Service) -> None:
    answer = web.post("/new/", {"title": "orders-db: too slow", "severity": "SEV2"})
    filed = Incident.objects.get()
    assert answer.headers["Location"] == filed.get_absolute_url()
    assert list(filed.services.all()) == [database]


def test_a_bad_form_names_the_field_and_shows_the_text_again(web: Client) -> None:
    answer = web.post("/new/", {"title": "", "severity": "SEV2", "symptom": "do not lose me"})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()
    assert "do not lose me" in answer.content.decode()
    assert not Incident.objects.exists()


def test_editing_does_not_change_other_fields(web: Client, incident: Incident) -> None:
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
