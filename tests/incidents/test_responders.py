"""Who works on an incident, through the functions, the page, the API and chat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents import filing, merging, responders
from incidents.events.notices import visible_notices
from incidents.models import Event, Incident
from incidents.search.filters import search_incidents
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(db: None) -> User:
    person = User.objects.create_user("colleague", password="a-long-pass-phrase")
    give_role(person, Role.RESPONDER)
    return person


def entries(incident: Incident) -> list[str]:
    return [entry.text for entry in incident.timeline.filter(kind="people")]


def test_who_acknowledges_first_owns_it_and_the_first_time_counts(
    incident: Incident, user: User, colleague: User
) -> None:
    first = responders.acknowledge(incident, user)
    second = responders.acknowledge(incident, colleague)
    assert second.owner == user
    assert second.acknowledged_at == first.acknowledged_at
    assert entries(incident) == [f"Acknowledged by {user}"]
    assert Event.objects.filter(kind="incident.acknowledged").count() == 1


def test_an_earlier_acknowledgement_that_arrives_late_counts_without_a_second_entry(
    incident: Incident, user: User
) -> None:
    responders.acknowledge(incident, user)
    earlier = timezone.now() - timedelta(minutes=3)
    late = responders.acknowledge(incident, None, earlier, "by Ada in PagerDuty")
    assert late.acknowledged_at == earlier
    assert late.owner == user
    assert len(entries(incident)) == 1


def test_an_acknowledgement_of_the_future_counts_as_now(incident: Incident, user: User) -> None:
    found = responders.acknowledge(incident, user, timezone.now() + timedelta(hours=1))
    assert found.acknowledged_at is not None
    assert found.acknowledged_at <= timezone.now()


def test_a_name_with_markup_is_shown_as_it_is(incident: Incident) -> None:
    responders.acknowledge(incident, None, how="by *Ada* in PagerDuty")
    assert entries(incident) == [r"Acknowledged by \*Ada\* in PagerDuty"]


def test_an_acknowledgement_is_withdrawn(incident: Incident, user: User) -> None:
    responders.acknowledge(incident, user)
    found = responders.withdraw_acknowledgement(incident, user)
    assert (found.owner, found.acknowledged_at) == (None, None)
    assert responders.withdraw_acknowledgement(incident, user).owner is None
    assert len(entries(incident)) == 2


def test_nobody_owns_or_joins_an_incident_they_may_not_see(
    incident: Incident, user: User, colleague: User
) -> None:
    secret = filing.file_incident(title="Salaries leaked", reporter=user, private=True)
    for add in (
        lambda: responders.assign_owner(secret, colleague, user),
        lambda: responders.add_person(secret, colleague, "responder", user),
        lambda: responders.add_person(secret, colleague, "watcher", user),
    ):
        with pytest.raises(ValidationError, match="may not see this incident"):
            add()
    assert responders.acknowledge(secret, colleague).owner is None


def test_the_new_owner_and_those_who_follow_get_notices_but_not_who_acts(
    incident: Incident, user: User, colleague: User
) -> None:
    responders.add_person(incident, colleague, "watcher", colleague)
    assert not visible_notices(colleague).exists()
    filing.set_severity(incident, "SEV1", user)
    filing.set_status(incident, "identified", user)
    filing.set_status(incident, "resolved", colleague)
    texts = [notice.text for notice in visible_notices(colleague)]
    assert len(texts) == 2
    assert any("SEV1" in text for text in texts)
    responders.assign_owner(incident, colleague, user)
    assert visible_notices(colleague).count() == 3
    assert not visible_notices(user).exists()


def test_what_became_private_gives_its_watchers_no_more_notices(
    incident: Incident, user: User, colleague: User
) -> None:
    responders.add_person(incident, colleague, "watcher", colleague)
    filing.edit_incident(incident, user, private=True)
    filing.set_status(incident, "identified", user)
    assert not visible_notices(colleague).exists()


def test_merging_brings_the_people_along(incident: Incident, user: User, colleague: User) -> None:
    other = filing.file_incident(title="orders-db slow")
    responders.assign_owner(other, colleague, user)
    responders.add_person(other, user, "responder", user)
    merging.merge(incident, other, user)
    incident.refresh_from_db()
    assert incident.owner == colleague
    assert list(incident.responders.all()) == [user]


def test_the_page_acknowledges_assigns_and_adds(
    web: Client, incident: Incident, user: User, colleague: User
) -> None:
    page = incident.get_absolute_url()
    web.post(f"{page}acknowledge/")
    incident.refresh_from_db()
    assert incident.owner == user
    web.post(f"{page}owner/", {"person": "colleague"})
    web.post(f"{page}responders/", {"person": user.username})
    web.post(f"{page}watch/")
    html = web.get(page).content.decode()
    assert "Stop watching" in html
    incident.refresh_from_db()
    assert incident.owner == colleague
    assert list(incident.responders.all()) == [user]
    refused = web.post(f"{page}owner/", {"person": "no-one"}, follow=True).content.decode()
    assert "Nobody signs in as “no-one”." in refused
    web.post(f"{page}responders/", {"person": user.username, "remove": "1"})
    web.post(f"{page}watch/", {"remove": "1"})
    web.post(f"{page}owner/", {"person": ""})
    incident.refresh_from_db()
    assert incident.owner is None
    assert not incident.responders.exists()
    assert not incident.watchers.exists()
    web.post(f"{page}acknowledge/", {"withdraw": "1"})
    incident.refresh_from_db()
    assert incident.acknowledged_at is None


def test_who_may_only_read_watches_and_nothing_else(incident: Incident, client: Client) -> None:
    reader = User.objects.create_user("reader")
    give_role(reader, Role.VIEWER)
    client.force_login(reader)
    page = incident.get_absolute_url()
    assert client.post(f"{page}acknowledge/").status_code == 403
    assert client.post(f"{page}owner/", {"person": "reader"}).status_code == 403
    assert client.post(f"{page}watch/").status_code == 302
    assert list(incident.watchers.all()) == [reader]
    html = client.get(page).content.decode()
    assert "Acknowledge<" not in html
    assert "Take it" not in html


def test_search_finds_by_owner(incident: Incident, user: User) -> None:
    everything = Incident.objects.all()
    assert incident in search_incidents(everything, "owner:nobody")
    responders.assign_owner(incident, user)
    assert incident in search_incidents(everything, f"owner:{user.username}")
    assert incident not in search_incidents(everything, "owner:nobody")
