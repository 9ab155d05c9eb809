"""Acts with one click on an incident's page, and taking them back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents import filing, responders
from incidents.affected_services import add_services
from incidents.models import Incident, Service
from incidents.undoing import current_version, restore_version
from people.membership import give_role
from people.models import Role

STATE = ("status", "severity", "resolution", "owner", *Incident.TIMES)


def state_of(incident: Incident) -> dict[str, object]:
    incident.refresh_from_db()
    return {name: getattr(incident, name) for name in STATE}


def press_undo(web: Client, page: str) -> str:
    """Post the form of the toast as a browser would; the page that follows."""
    form = re.search(
        r'<div class="toast">.*?<form[^>]*action="([^"]+)"(.*?)</form>', page, re.DOTALL
    )
    assert form, "no toast with an undo"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    return web.post(form[1], fields, follow=True).content.decode()


@pytest.mark.parametrize("status", ["identified", "mitigated", "resolved"])
def test_a_status_is_set_and_exactly_undone(web: Client, incident: Incident, status: str) -> None:
    before = state_of(incident)
    page = web.post(f"/INC-{incident.pk}/status/", {"status": status, "resolution": "Restarted"},
                    follow=True).content.decode()  # fmt: skip
    assert f"Status is {status.capitalize()}." in page
    assert state_of(incident)["status"] == status
    page = press_undo(web, page)
    assert "Undone." in page
    assert state_of(incident) == before


def test_reopening_is_undone_with_its_times(web: Client, incident: Incident) -> None:
    filing.set_status(incident, "resolved", resolution="Restarted")
    before = state_of(incident)
    page = web.post(f"/INC-{incident.pk}/status/", {"status": "investigating"}, follow=True)
    assert state_of(incident)["resolved_at"] is None
    press_undo(web, page.content.decode())
    assert state_of(incident) == before


def test_acknowledging_is_undone_with_its_owner(
    web: Client, incident: Incident, user: User
) -> None:
    before = state_of(incident)
    page = web.post(f"/INC-{incident.pk}/acknowledge/", follow=True)
    assert state_of(incident)["owner"] == user
    press_undo(web, page.content.decode())
    assert state_of(incident) == before


def test_the_owner_and_people_are_undone(web: Client, incident: Incident, other: User) -> None:
    page = web.post(f"/INC-{incident.pk}/owner/", {"person": other.username}, follow=True)
    assert state_of(incident)["owner"] == other
    press_undo(web, page.content.decode())
    assert state_of(incident)["owner"] is None
    page = web.post(f"/INC-{incident.pk}/responders/", {"person": other.username}, follow=True)
    assert list(incident.responders.all()) == [other]
    page_after = press_undo(web, page.content.decode())
    assert not incident.responders.exists()
    press_undo(web, page_after)
    assert list(incident.responders.all()) == [other]


def test_a_severity_is_set_and_undone(web: Client, incident: Incident) -> None:
    page = web.post(f"/INC-{incident.pk}/severity/", {"severity": "SEV1"}, follow=True)
    assert state_of(incident)["severity"] == "SEV1"
    press_undo(web, page.content.decode())
    assert state_of(incident)["severity"] == "SEV3"


def test_what_somebody_changed_since_is_not_undone(
    web: Client, incident: Incident, other: User
) -> None:
    page = web.post(f"/INC-{incident.pk}/status/", {"status": "identified"}, follow=True)
    filing.set_severity(incident, "SEV1", other)
    answer = press_undo(web, page.content.decode())
    assert "Somebody changed the incident since" in answer
    assert state_of(incident)["status"] == "identified"


@pytest.mark.parametrize("fields", [{}, {"before": "x", "after": "-1"}, {"before": "9" * 40}])
def test_an_odd_undo_changes_nothing(
    web: Client, incident: Incident, fields: dict[str, str]
) -> None:
    before = state_of(incident)
    assert web.post(f"/INC-{incident.pk}/undo/", fields).status_code == 302
    assert state_of(incident) == before


def test_a_version_of_another_incident_is_not_restored(incident: Incident, user: User) -> None:
    foreign = filing.file_incident(title="Mail is late", severity="SEV1")
    with pytest.raises(ValidationError, match="nothing to undo"):
        restore_version(incident, current_version(foreign), current_version(incident), user)


def test_a_status_that_is_set_already_offers_no_undo(web: Client, incident: Incident) -> None:
    filing.set_status(incident, "identified")
    page = web.post(f"/INC-{incident.pk}/status/", {"status": "identified"}, follow=True)
    filing.set_severity(incident, "SEV2")
    assert "Status is Identified." in page.content.decode()


def test_a_viewer_sees_no_act_and_may_do_none(
    client: Client, incident: Incident, django_user_model: type[User]
) -> None:
    viewer = django_user_model.objects.create_user("viewer")
    give_role(viewer, Role.VIEWER)
    client.force_login(viewer)
    page = client.get(f"/INC-{incident.pk}/").content.decode()
    main = page.partition("<main")[2].partition("</main>")[0]
    forms = re.findall(r'<form[^>]*action="([^"]*)"', main)
    assert forms == [f"/INC-{incident.pk}/watch/"], "whoever sees it may watch it"
    assert "data-key" not in main
    for path in ("status", "severity", "undo", "services", "acknowledge", "owner"):
        assert client.post(f"/INC-{incident.pk}/{path}/").status_code == 403, path


def test_resolving_can_say_when_it_ended(incident: Incident) -> None:
    filing.edit_incident(incident, impact_started_at=timezone.now() - timedelta(hours=2))
    ended = timezone.now() - timedelta(minutes=30)
    found = filing.set_status(incident, "resolved", resolution="Restarted", resolved_at=ended)
    assert (found.resolved_at, found.mitigated_at) == (ended, ended)
    entry = found.timeline.get(kind="status")
    assert "Restarted" in entry.text
    assert f"Ended {ended:%Y-%m-%d %H:%M} UTC." in entry.text
    assert found.timeline.filter(kind="edit").count() == 1, "the end is part of the move"


def test_the_next_step_is_the_marked_one(web: Client, incident: Incident) -> None:
    def marked() -> str:
        page = web.get(f"/INC-{incident.pk}/").content.decode()
        acts = page.partition('class="acts"')[2].partition("<dialog")[0]
        found = re.findall(r'class="(?:button )?primary"[^>]*>([^<]+)', acts)
        assert len(found) == 1, found
        return found[0].strip()

    assert marked() == "Acknowledge"
    responders.acknowledge(incident, None)
    assert marked() == "Mark identified"
    filing.set_status(incident, "identified")
    assert marked() == "Mark mitigated"
    filing.set_status(incident, "mitigated")
    assert marked() == "Resolve"
    filing.set_status(incident, "resolved")
    assert marked() == "Write postmortem"


def test_services_are_added_to_those_that_are_set(
    web: Client, incident: Incident, database: Service
) -> None:
    mailer = Service.objects.create(name="mailer")
    page = web.post(f"/INC-{incident.pk}/services/", {"services": [mailer.pk]}, follow=True)
    assert "Added mailer." in page.content.decode()
    assert set(incident.services.all()) == {database, mailer}
    page = web.post(f"/INC-{incident.pk}/services/", {"services": ["x", "0"]}, follow=True)
    assert "Choose a service first." in page.content.decode()


def test_a_service_that_is_known_is_not_added_again(
    incident: Incident, database: Service, user: User
) -> None:
    assert add_services(incident, [database], user) == []
    assert not incident.timeline.filter(kind="edit").exists()
