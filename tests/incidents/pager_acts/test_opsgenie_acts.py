"""What people do in Opsgenie is so here too: once, in any order, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Alert, Incident, PagerAct
from tests.incidents.pager_acts.conftest import Act, clock, texts

pytestmark = pytest.mark.django_db


def test_an_account_that_is_off_owns_nothing(opsgenie: Act, ada: User) -> None:
    User.objects.update(is_active=False)
    opsgenie("Create", ago=20)
    opsgenie("Acknowledge", ago=10)
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.owner is None


def test_opsgenies_actions_are_taken_over_by_mail_address(opsgenie: Act, ada: User) -> None:
    opsgenie("Create", ago=20, priority="P3")
    opsgenie("Acknowledge", ago=15)
    opsgenie("AddNote", ago=14, note="Raised the limit")
    opsgenie("AddNote", ago=13, note="Ours", username="Causebook")
    opsgenie("UpdatePriority", ago=12, priority="P1", oldPriority="P3")
    opsgenie("AddRecipient", ago=11, recipient="ada@example.com")
    opsgenie("AddTeam", ago=10, team="Database")
    opsgenie("Escalate", ago=9, escalationNotify={"name": "Second level", "type": "schedule"})
    incident = Incident.objects.get()
    assert (incident.owner, incident.severity) == (ada, "SEV1")
    assert incident.acknowledged_at
    assert incident.acknowledged_at < timezone.now() - timedelta(minutes=14)
    assert list(incident.responders.all()) == [ada]
    [written] = incident.timeline.filter(kind="note")
    assert (written.text, written.author) == ("Raised the limit", ada)
    said = " ".join(texts())
    assert "Queue grows was escalated to Database in Opsgenie." in said
    assert "Queue grows was escalated to Second level in Opsgenie." in said


def test_opsgenies_owner_changes_and_unknown_actions_are_ignored_with_a_sentence(
    opsgenie: Act, ada: User, django_user_model: Any
) -> None:
    bob = django_user_model.objects.create_user("bob", email="Bob@example.com")
    opsgenie("Create", ago=20)
    opsgenie("TakeOwnership", ago=15)
    assert Incident.objects.get().owner == ada
    opsgenie("AssignOwnership", ago=10, owner="bob@example.com")
    assert Incident.objects.get().owner == bob
    assert "needs nothing from us" in opsgenie("AddTags", ago=9, addedTags="x")
    opsgenie("UnAcknowledge", ago=8)
    assert "Queue grows is no longer acknowledged in Opsgenie." in texts()


def test_the_same_action_of_opsgenie_twice_has_one_effect(opsgenie: Act, ada: User) -> None:
    opsgenie("Create", ago=20)
    at = int(clock(5).timestamp()) * 1_000_000_000
    for tiny in ("23", "24"):  # another body, of the same act
        opsgenie("AddNote", note="Once", updatedAt=at, tinyId=tiny)
    assert Incident.objects.get().timeline.filter(text="Once").count() == 1
    assert PagerAct.objects.count() == 1


def test_a_note_beside_a_close_is_not_lost(opsgenie: Act, ada: User) -> None:
    opsgenie("Create", ago=20)
    opsgenie("Close", ago=5, note="It was the disk")
    assert Alert.objects.get().status == "resolved"
    assert "It was the disk" in texts()


def test_a_private_incident_gets_no_owner_who_may_not_see_it(opsgenie: Act, ada: User) -> None:
    opsgenie("Create", ago=20)
    Incident.objects.update(private=True)
    opsgenie("Acknowledge", ago=10)
    opsgenie("TakeOwnership", ago=9)
    opsgenie("AddRecipient", ago=8, recipient="ada@example.com")
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert incident.owner is None
    assert not incident.responders.exists()
