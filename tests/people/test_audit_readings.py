"""Who reads private records is recorded, whichever way they do; readings of others cost nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from kb.causes.linking import link_cause
from kb.models import Category, Cause, Postmortem
from kb.postmortems.editing import start_postmortem
from people.models import AuditEntry
from tests.people.test_audit import entries

pytestmark = pytest.mark.django_db


def test_readings_of_private_incidents_are_recorded_once_an_hour(
    web: Client, user: User, incident: Incident
) -> None:
    web.get(f"/INC-{incident.pk}/")
    assert not entries("incident.read")
    Incident.objects.filter(pk=incident.pk).update(private=True)
    for _ in range(2):
        web.get(f"/INC-{incident.pk}/")
        web.get(f"/api/v1/incidents/{incident.pk}/")
    [entry] = entries("incident.read")
    assert (entry.actor, entry.record_id, entry.private) == (user, str(incident.pk), True)


def test_readings_of_private_causes_and_postmortems_are_recorded(
    web: Client, user: User, incident: Incident
) -> None:
    category = Category.objects.first()
    cause = Cause.objects.create(name="Leaked key", category=category, private=True)
    link_cause(incident, Cause.objects.create(name="Deploy", category=category), author=user)
    postmortem = start_postmortem([incident], user)
    Postmortem.objects.filter(pk=postmortem.pk).update(private=True)
    Incident.objects.filter(pk=incident.pk).update(private=True)
    cause.links.create(incident=incident)
    for address, event, row in (
        (f"/knowledge/causes/{cause.pk}/", "cause.read", cause),
        (f"/api/v1/causes/{cause.pk}/", "cause.read", cause),
        ("/api/v1/causes/", "cause.read", cause),
        (f"/knowledge/postmortems/{postmortem.pk}/", "postmortem.read", postmortem),
        (f"/api/v1/postmortems/{postmortem.pk}/", "postmortem.read", postmortem),
        ("/api/v1/postmortems/", "postmortem.read", postmortem),
        ("/api/v1/incidents/", "incident.read", incident),
        (f"/api/v1/suggestions/{incident.pk}/", "incident.read", incident),
        (f"/api/v1/incidents/{incident.pk}/timeline/", "incident.read", incident),
        (f"/api/v1/timeline-entries/?incident={incident.pk}", "incident.read", incident),
        (f"/api/v1/cause-links/?incident={incident.pk}", "cause.read", cause),
    ):
        AuditEntry.objects.all().delete()
        for _ in range(2):
            assert web.get(address).status_code == 200, address
        [entry] = entries(event)
        assert (entry.actor, entry.record_id, entry.private) == (user, str(row.pk), True), address


def test_reading_public_records_by_the_api_asks_nothing_of_the_log(
    web: Client, incident: Incident
) -> None:
    with CaptureQueriesContext(connection) as captured:
        for address in ("incidents/", f"incidents/{incident.pk}/", "causes/", "timeline-entries/"):
            assert web.get(f"/api/v1/{address}").status_code == 200
    assert not any("people_auditentry" in query["sql"] for query in captured)
