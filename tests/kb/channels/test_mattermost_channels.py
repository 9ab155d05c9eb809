"""Channels by rule in Mattermost: as in Slack, with its own names, limits and refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents import responders
from incidents.filing import edit_incident, set_severity, set_status
from incidents.models import Incident, Service
from kb.causes.linking import name_cause
from kb.models import ChannelRule, ChatPerson, Workspace
from tests.json_server import serving
from tests.kb.channels.conftest import File, settle
from tests.kb.conftest import past
from tests.mattermost_server import ADA, BOB, BOT, FakeMattermost
from tests.vendor_server import TOKEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def there() -> Iterator[FakeMattermost]:
    server = FakeMattermost()
    with serving(server.respond) as server.url:
        yield server


@pytest.fixture
def workspace(db: None, there: FakeMattermost) -> Workspace:
    settings = {"server": there.url, "team": "example"}
    row = Workspace(kind="mattermost", name="Example", settings=settings)
    row.secrets = {"secret": "hush", "bot_token": TOKEN}
    row.save()
    return row


@pytest.fixture
def ada(workspace: Workspace, django_user_model: type[User]) -> User:
    user = django_user_model.objects.create_user("ada", "ada@example.com")
    ChatPerson.objects.create(workspace=workspace, external_id=ADA, name="ada", user=user)
    return user


def test_an_incident_has_a_channel_from_its_beginning_to_its_end(
    rule: ChannelRule, there: FakeMattermost, file: File, ada: User, user: User, database: Service
) -> None:
    name_cause(past("orders-db CPU is high", database), "Index lost", author=user)
    incident = file("orders-db CPU: überlastet, und zwar so sehr, dass gar nichts mehr geht!")
    responders.add_person(incident, ada, "responder")
    row = settle()
    channel = there.only()
    assert channel.name == row.name
    assert channel.name.startswith(f"inc-{incident.pk}-orders-db-cpu-uberlastet-und")
    assert (channel.type, channel.members) == ("O", {BOT, ADA})
    assert channel.header.startswith("SEV1 · Investigating · orders-db")
    assert channel.purpose.endswith(f"/INC-{incident.pk}/")
    [first] = channel.posts
    assert "Index lost" in str(first)
    set_severity(incident, "SEV2")
    rule.archive_after_days = 0
    rule.save()
    set_status(incident, "resolved", resolution="Raised the pool")
    settle()
    assert channel.header.startswith("SEV2 · Resolved")
    assert "Raised the pool" in str(channel.posts[-1])
    assert (len(channel.posts), channel.archived) == (2, True)


@pytest.mark.parametrize("lost", [("POST", "channels"), ("POST", "posts")])
def test_what_was_done_and_whose_answer_was_lost_is_found_again(
    rule: ChannelRule, there: FakeMattermost, file: File, lost: tuple[str, str]
) -> None:
    there.lost.append(lost)
    file()
    assert settle().state == "waiting"
    row = settle()
    assert row.channel == there.only().id
    assert len(there.only().posts) == 1
    assert (row.error, row.notes) == ("", {})


def test_a_long_name_that_somebody_else_has_gets_a_number(
    rule: ChannelRule, there: FakeMattermost, file: File
) -> None:
    incident = file("x" * 100)
    there.channel(f"inc-{incident.pk}-{'x' * 100}"[:64], creator=BOB)
    there.channel(f"inc-{incident.pk}-{'x' * 100}"[:62] + "-2", archived=True)
    row = settle()
    assert row.name == f"inc-{incident.pk}-{'x' * 100}"[:62] + "-3"
    assert there.channels[row.channel].name == row.name


def test_private_incidents_get_a_private_channel_with_linked_accounts_alone(
    rule: ChannelRule, there: FakeMattermost, file: File, ada: User, django_user_model: type[User]
) -> None:
    rule.private_incidents = "channel"
    rule.save()
    bob = django_user_model.objects.create_user("bob", "bob@example.com")
    secret = file("Leak of keys", private=True, viewers=[ada, bob])
    # A public one of its name, even one of ours, is not it.
    there.channel(f"inc-{secret.pk}-leak-of-keys")
    for person in (ada, bob):
        responders.add_person(secret, person, "responder")
    channel = there.channels[settle().channel]
    assert (channel.type, channel.members) == ("P", {BOT, ADA})
    edit_incident(secret, viewers=[])
    settle()
    assert channel.members == {BOT}


def test_who_has_not_linked_an_account_is_found_by_address_or_name_once(
    rule: ChannelRule, there: FakeMattermost, file: File, django_user_model: type[User]
) -> None:
    incident = file()
    for name, email in (("robert", "bob@example.com"), ("ada", ""), ("eve", "eve@example.com")):
        person = django_user_model.objects.create_user(name, email)
        responders.add_person(incident, person, "responder")
    row = settle()
    assert there.only().members == {BOT, ADA, BOB}
    assert row.notes == {}
    there.only().members.discard(BOB)
    set_severity(incident, "SEV2")
    settle()
    assert there.only().members == {BOT, ADA}, "who left is not called back"


def test_a_team_that_is_not_there_is_said_and_a_correction_goes_on(
    rule: ChannelRule, there: FakeMattermost, file: File, admin_client: Client
) -> None:
    file()
    Workspace.objects.update(settings={"server": there.url, "team": "exmaple"})
    row = settle()
    assert row.state == "failed"
    assert "no team “exmaple”" in row.error
    Workspace.objects.update(settings={"server": there.url, "team": "example"})
    admin_client.post(f"/knowledge/chat/channels/{row.pk}/retry/")
    assert settle().channel == there.only().id
    there.token = "another"
    set_severity(Incident.objects.get(), "SEV2")
    row = settle()
    assert "session_expired" in row.error
    assert "another token" in row.error


def test_a_channel_that_somebody_archived_there_is_left_alone(
    rule: ChannelRule, there: FakeMattermost, file: File
) -> None:
    incident = file()
    settle()
    there.only().archived = True
    set_severity(incident, "SEV2")
    assert "archived or deleted there" in settle(2).error
    assert len(there.channels) == 1


def test_the_page_of_the_incident_leads_to_the_channel(
    rule: ChannelRule, there: FakeMattermost, file: File, admin_client: Client
) -> None:
    incident = file()
    row = settle()
    part = admin_client.get(f"/knowledge/incidents/{incident.pk}/on-call/").content.decode()
    assert f'href="{there.url}/example/channels/{row.channel}"' in part
