"""What a second import adds to incidents that are known: what they lack, nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.filing import edit_incident
from incidents.models import Alert, Incident
from kb.import_runner import KnowledgeImportReport, import_records
from kb.importers.base import ImportedIncident, MergedAlert
from kb.models import Postmortem
from kb.postmortems.editing import save_postmortem

pytestmark = pytest.mark.django_db
START = (timezone.now() - timedelta(hours=5)).replace(microsecond=0)
OPEN = ImportedIncident("P1", "Checkout down", START, status="triggered")
OVER = replace(
    OPEN, acknowledged_at=START + timedelta(minutes=3), resolved_at=START + timedelta(hours=1),
    status="resolved", updates=[(START + timedelta(minutes=9), "Ada", "Rolled back")],
    merged=[MergedAlert("P2", "Payment down", START)], title="Another title",
)  # fmt: skip


def bring(record: ImportedIncident) -> KnowledgeImportReport:
    return import_records([("P1", record)], "pagerduty", update=True)


def test_an_open_incident_gets_its_end_its_notes_and_its_acknowledgement_once() -> None:
    assert bring(OPEN).new == ["Checkout down"]
    report = bring(OVER)
    assert (report.changed, report.same, report.alerts) == (["Checkout down"], 0, 1)
    incident = Incident.objects.get()
    assert (incident.title, incident.is_open) == ("Checkout down", False)
    assert incident.acknowledged_at == OVER.acknowledged_at
    assert incident.resolved_at == OVER.resolved_at
    assert incident.timeline.filter(text="**Ada** Rolled back").count() == 1
    entries = incident.timeline.count()
    again = bring(OVER)
    assert (again.changed, again.same, again.alerts) == ([], 1, 0)
    assert (incident.timeline.count(), Alert.objects.count()) == (entries, 1)


def test_what_people_wrote_and_what_is_private_stays(user: User) -> None:
    report = replace(OVER, body="The pool was full.", body_title="Checkout down")
    bring(report)
    bring(replace(report, body="The pool was full, and the queue."))
    postmortem = Postmortem.objects.get()
    assert postmortem.body == "The pool was full, and the queue."
    save_postmortem(
        postmortem, user, base_version=postmortem.version, title=postmortem.title, body="Ours."
    )
    latest = postmortem.history.order_by("-history_id")[0]
    latest.history_user = user
    latest.save()
    done = bring(replace(report, body="Theirs."))
    assert (done.changed, Postmortem.objects.get().body) == ([], "Ours.")
    assert "ours stays" in done.notes[0][1]
    edit_incident(Incident.objects.get(), private=True)
    later = (START + timedelta(minutes=30), "Ada", "One more")
    assert bring(replace(report, updates=[later])).changed == []
    assert not Incident.objects.get().timeline.filter(text__contains="One more").exists()


def test_without_update_a_known_incident_is_left_alone() -> None:
    bring(OPEN)
    assert import_records([("P1", OVER)], "pagerduty").same == 1
    assert Incident.objects.get().is_open
