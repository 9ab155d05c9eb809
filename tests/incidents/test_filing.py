from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from incidents import filing
from incidents.models import Incident, history_of


def test_it_files_with_a_timeline_entry(incident: Incident, user: User) -> None:
    assert incident.reference == f"INC-{incident.pk}"
    entry = incident.timeline.get()
    assert (entry.kind, entry.author) == ("filed", user)


@pytest.mark.django_db
def test_it_refuses_an_empty_title_by_name() -> None:
    with pytest.raises(ValidationError) as error:
        filing.file_incident(title="   ")
    assert "title" in error.value.message_dict
    assert not Incident.objects.exists()


def test_resolving_sets_the_times_and_adds_an_entry(incident: Incident, user: User) -> None:
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


def test_setting_the_same_status_twice_adds_one_entry(incident: Incident) -> None:
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


def test_history_shows_who_changed_what(incident: Incident, web: Client) -> None:
    web.post(f"/INC-{incident.pk}/severity/", {"severity": "SEV1"})
    newest = history_of(incident)[0]
    assert newest.severity == "SEV1"
    assert newest.history_user.username == "oncall"
