"""Pages of the knowledge base in German; what acts store and files hold is in English."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.models import Incident
from kb.models import Cause, Postmortem
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def german(web: Client) -> Client:
    web.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return web


def test_the_headings_of_a_cause_are_in_german_and_its_runbook_is_below_the_right_one(
    german: Client, cause: Cause
) -> None:
    Cause.objects.filter(pk=cause.pk).update(
        how_to_fix="Create it again.", runbook_url="https://wiki.example/index"
    )
    page = german.get(f"/knowledge/causes/{cause.pk}/").content.decode()
    fix, prevention = page.index("Wie zu beheben"), page.index("Wie zu verhindern")
    assert fix < page.index("https://wiki.example/index") < prevention
    assert "How to fix" not in page


def test_a_refused_cause_is_explained_in_german(german: Client, incident: Incident) -> None:
    panel = german.post(f"/knowledge/incidents/{incident.pk}/new-cause/", {"name": "High CPU"})
    words = panel.content.decode()
    assert "„High CPU“ ist, was zu sehen war, nicht der Grund. Was hat sie verbraucht" in words
    assert not incident.causes.exists()


def test_a_linked_cause_is_acknowledged_in_german_and_recorded_in_english(
    german: Client, incident: Incident, cause: Cause
) -> None:
    given = {"cause": cause.pk, "state": "confirmed"}
    panel = german.post(f"/knowledge/incidents/{incident.pk}/link/", given)
    assert "Als Ursache verknüpft." in panel.content.decode()
    entry = incident.timeline.filter(kind="cause").get()
    assert entry.text == "Root cause confirmed: Index lost in the migration"


def test_a_postmortem_is_written_and_exported_in_english(
    german: Client, postmortem: Postmortem, known: Incident
) -> None:
    german.post("/knowledge/postmortems/new/", {"references": known.reference})
    written = Postmortem.objects.exclude(pk=postmortem.pk).get()
    assert written.body == postmortem.body
    file = german.get(f"/knowledge/postmortems/{postmortem.pk}/as/markdown/").content.decode()
    assert "Draft" in file
    assert "Entwurf" not in file


def test_a_dry_run_of_an_import_is_reported_in_german(german: Client, user: User) -> None:
    give_role(user, Role.MANAGER)
    file = SimpleUploadedFile("past.csv", b"id,title,started_at\n1,Queue full,2026-03-01T10:00Z\n")
    page = german.post("/knowledge/history/import/", {"kind": "csv", "file": [file]})
    report = "Datensätze: 1; zu importieren: 1, bereits bekannt: 0, übersprungen: 0."
    assert report in page.content.decode()
