"""Pages show and read times in the zone that a person chose; the API is in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from incidents.models import Incident
from people.models import Account, AuditEntry
from people.preferences import set_time_zone, time_zone_of

pytestmark = pytest.mark.django_db
STARTED = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.fixture
def shown(incident: Incident) -> Incident:
    Incident.objects.filter(pk=incident.pk).update(impact_started_at=STARTED, detected_at=STARTED)
    incident.refresh_from_db()
    return incident


def test_times_are_utc_until_a_person_chooses_a_zone(web: Client, shown: Incident) -> None:
    page = shown.get_absolute_url()
    assert "2026-07-01 22:30 <small>UTC</small>" in web.get(page).content.decode()
    web.post("/account/time-zone/", {"time_zone": "Europe/Madrid"})
    text = web.get(page).content.decode()
    assert "2026-07-02 00:30 <small>CEST</small>" in text
    assert 'data-time-zone="Europe/Madrid"' in text
    assert ">2026-07-02 00:30 <" in web.get("/").content.decode()
    found = web.get(f"/api/v1/incidents/{shown.pk}/").json()
    assert found["impact_started_at"] == "2026-07-01T22:30:00Z"


def test_a_form_reads_the_time_that_it_shows(web: Client, user: User, shown: Incident) -> None:
    set_time_zone(user, "Asia/Kathmandu")
    page = web.get(f"{shown.get_absolute_url()}edit/").content.decode()
    assert "Impact started (Asia/Kathmandu)" in page
    assert 'value="2026-07-02T04:15:00"' in page
    sent = {"title": "T", "impact_started_at": "2026-07-02T04:00", "detected_at": ""}
    assert web.post(f"{shown.get_absolute_url()}edit/", sent).status_code == 302
    shown.refresh_from_db()
    assert shown.impact_started_at == datetime(2026, 7, 1, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "x" * 90, "utc\x00"])
def test_an_unknown_zone_is_refused(web: Client, user: User, name: str) -> None:
    with pytest.raises(ValidationError, match="Europe/Madrid"):
        set_time_zone(user, name)
    answer = web.post("/account/time-zone/", {"time_zone": name}, follow=True)
    assert "Choose a time zone" in answer.content.decode()
    assert not Account.objects.filter(user=user).exists()


def test_a_zone_that_this_host_does_not_know_any_more_is_utc(user: User) -> None:
    set_time_zone(user, "Europe/Madrid")
    assert str(time_zone_of(user)) == "Europe/Madrid"
    user.account.time_zone = "Europe/Atlantis"
    assert str(time_zone_of(user)) == "UTC"


def test_the_choice_is_in_the_audit_log(user: User) -> None:
    set_time_zone(user, "Europe/Madrid")
    entry = AuditEntry.objects.get(record_type="people.account")
    assert entry.changes["time_zone"][1] == "Europe/Madrid"
