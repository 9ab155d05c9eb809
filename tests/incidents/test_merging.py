"""Merging incidents and splitting alerts off."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from incidents import filing, merging
from incidents.models import Incident, Service
from tests.incidents.conftest import Receive

pytestmark = pytest.mark.django_db


def test_split_and_merge_keep_history_on_both_sides(
    receive: Receive, shop: dict[str, Service], web: Client, user: User
) -> None:
    receive("HighCPU", "orders-db", ago=2)
    receive("Errors", "checkout", ago=1)
    incident = Incident.objects.get()
    wrong = incident.alerts.get(name="Errors")
    web.post(f"/INC-{incident.pk}/split/", {"alert": [wrong.pk]})
    wrong.refresh_from_db()
    made = wrong.incident
    assert made
    assert made != incident
    assert wrong.joined_because == f"Split from {incident.reference}."
    assert incident.timeline.filter(text__contains=f"Split off as {made.reference}").exists()
    web.post(f"/INC-{made.pk}/merge/", {"into": incident.reference})
    made.refresh_from_db()
    assert (made.merged_into, made.status) == (incident, "resolved")
    assert incident.alerts.count() == 2
    assert "was merged into this" in incident.timeline.latest("at", "pk").text
    assert "This is part of" in web.get(f"/INC-{made.pk}/").content.decode()
    with pytest.raises(ValidationError):
        merging.merge(made, incident, user)


def test_a_private_incident_is_not_merged_into_a_public_one(incident: Incident, user: User) -> None:
    secret = filing.file_incident(title="Leak", private=True, reporter=user)
    with pytest.raises(ValidationError, match="private"):
        merging.merge(incident, secret, user)
