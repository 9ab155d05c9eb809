"""What happens here goes to the pager by rule, once, and does not come back as news.

The pager is a server that answers as each vendor does (tests/pager_server.py), and posts its
webhooks to the product.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.answers.changes import follow_answers
from incidents import responders
from incidents.filing import add_note, edit_incident, set_status
from incidents.models import Alert
from kb import notifications, on_call
from kb.models import ChatPerson, NotificationDelivery
from tests.kb.pagers.conftest import Connect, World
from tests.kb.pagers.played import KINDS, WITH_NOTES
from tests.pager_server import KEY, SENDER

pytestmark = pytest.mark.django_db
EACH = pytest.mark.parametrize("kind", KINDS)
EACH_WITH_NOTES = pytest.mark.parametrize("kind", WITH_NOTES)


@EACH_WITH_NOTES
def test_the_likely_cause_is_one_note_for_each_change_of_the_answer(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind)
    incident = world.page(kind)
    for _ in range(3):
        follow_answers()
        world.settle()
    [note] = world.notes(kind)
    assert note.startswith("[Causebook]")
    assert "Connection pool too small" in note
    assert "Raised max_connections to 400" in note
    # Its own webhook brought it back, and it is no note of a person.
    assert not incident.timeline.filter(kind="note").exists()
    edit_incident(incident, user, title="Certificates of the mail gateway have run out")
    for _ in range(2):
        follow_answers()
        world.settle()
    assert len(world.notes(kind)) == 2


@EACH_WITH_NOTES
def test_a_storm_of_changes_is_one_note(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind)
    incident = world.page(kind)
    world.settle()
    for number in range(8):
        add_note(incident, f"Still waiting for connections, try {number}", user)
        incident.refresh_from_db()
        follow_answers()
        world.settle()
    assert len(world.notes(kind)) == 1


@EACH
def test_acknowledging_and_resolving_here_does_so_there_and_ends_there(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind)
    incident = world.page(kind)
    world.settle()
    responders.acknowledge(incident, user)
    world.settle()
    assert world.state(kind) == "acknowledged"
    incident.refresh_from_db()
    assert incident.owner == user
    set_status(incident, "resolved", user, "Raised max_connections again")
    world.settle()
    assert world.state(kind) == "resolved"
    assert Alert.objects.get().status == "resolved"
    incident.refresh_from_db()
    assert incident.status == "resolved"
    written = any(
        "What ended it: Raised max_connections again" in each for each in world.notes(kind)
    )
    assert written is world.played[kind].has_notes
    writing = [each for each in world.pagers.requests if not each.startswith("GET")]
    assert len(writing) == world.played[kind].writes, "a note, two states: no more"


@EACH
def test_our_acknowledgement_comes_back_as_no_news_whoever_the_pager_says_it_was(
    world: World, connect: Connect, user: User, django_user_model: Any, kind: str
) -> None:
    """The clock of the pager may be behind ours, and its account may be that of a person here."""
    bot = django_user_model.objects.create_user("bot", email=SENDER)
    rule = connect(kind)
    ChatPerson.objects.create(
        workspace=rule.workspace, external_id=world.played[kind].sender, user=bot
    )
    incident = world.page(kind)
    world.settle()
    responders.acknowledge(incident, None, how="by a script")
    world.send()
    for _, body in world.pagers.webhooks:
        world.played[kind].date(body, timezone.now() - timedelta(seconds=30))
    outcomes = world.webhooks()
    assert any("we did this ourselves" in outcome for outcome in outcomes)
    incident.refresh_from_db()
    assert incident.owner is None


@EACH
def test_what_the_pager_did_itself_is_not_sent_back_to_it(
    world: World, connect: Connect, kind: str
) -> None:
    connect(kind, "incident.acknowledged", "incident.resolved")
    incident = world.page(kind)
    played = world.played[kind]
    played.acknowledge(played.record)
    world.settle()
    incident.refresh_from_db()
    assert incident.acknowledged_at
    played.resolve(played.record)
    world.webhooks()
    set_status(incident, "resolved")
    world.settle()
    assert [each for each in world.pagers.requests if not each.startswith("GET")] == []
    assert set(NotificationDelivery.objects.values_list("error", flat=True)) == {
        notifications.SO_ALREADY
    }


@EACH
def test_every_record_of_an_incident_is_resolved_with_it(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind, "incident.resolved")
    incident = world.page(kind)
    played = world.played[kind]
    world.page(kind, played.other)
    assert incident.alerts.count() == 2
    set_status(incident, "resolved", user)
    world.settle()
    assert {world.state(kind, key) for key in (played.record, played.other)} == {"resolved"}


@EACH_WITH_NOTES
def test_states_stay_here_unless_the_workspace_says_so(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind, acts=False)
    incident = world.page(kind)
    responders.acknowledge(incident, user)
    set_status(incident, "resolved", user)
    world.settle()
    assert world.state(kind) == "triggered"
    assert len(world.notes(kind)) == 3, "each event as a note"


def test_a_rule_without_the_event_sends_no_state(
    world: World, connect: Connect, user: User
) -> None:
    connect("pagerduty", "incident.filed")
    incident = world.page("pagerduty")
    responders.acknowledge(incident, user)
    world.settle()
    assert world.state("pagerduty") == "triggered"


def test_what_is_resolved_there_already_counts_as_done(
    world: World, connect: Connect, user: User
) -> None:
    """Its webhook is on the way, or was lost."""
    connect("pagerduty", "incident.resolved")
    incident = world.page("pagerduty")
    world.pagers.incidents["PT4KHLK"]["status"] = "resolved"
    set_status(incident, "resolved", user)
    world.send()
    delivery = NotificationDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error) == ("done", 1, "")


WAITS: list[tuple[dict[str, str], int]] = [
    ({"Retry-After": "120"}, 120),
    ({"ratelimit-reset": "70"}, 70),
    ({"X-RateLimit-Period-In-Sec": "60"}, 60),
    ({"Retry-After": "9999999"}, 900),
    ({"Retry-After": "soon"}, 30),
    ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, 1),
    ({}, 30),
]
"""Headers of an answer 429, and how many seconds are waited."""


@pytest.mark.parametrize(
    ("kind", "headers", "seconds"),
    # All pagers' answers are read by the same code.
    [*((kind, *WAITS[0]) for kind in WITH_NOTES), *((WITH_NOTES[0], *each) for each in WAITS[1:])],
)
def test_a_rate_limit_is_waited_for_with_all_that_waits(
    world: World, connect: Connect, user: User, kind: str, headers: dict[str, str], seconds: int
) -> None:
    connect(kind, "incident.filed", "incident.acknowledged")
    incident = world.page(kind)
    responders.acknowledge(incident, user)
    world.pagers.answers.append((429, {"error": {"message": "Rate Limit Exceeded"}}, headers))
    began = timezone.now()
    assert notifications.deliver_due() == 0
    waits = NotificationDelivery.objects.filter(state="waiting").values_list("not_before", "error")
    assert len(waits) == 2
    for until, _ in waits:
        assert abs((until - began).total_seconds() - max(seconds, 1)) < 6
    assert any("answered 429" in error for _, error in waits)
    assert len(world.pagers.requests) == 1
    assert world.send() == 2
    assert world.state(kind) == "acknowledged"


@EACH_WITH_NOTES
def test_a_revoked_key_is_named_on_the_workspaces_page_until_another_is_entered(
    world: World, connect: Connect, client: Client, django_user_model: Any, kind: str
) -> None:
    rule = connect(kind, "incident.filed")
    client.force_login(django_user_model.objects.create_superuser("root"))
    page = rule.workspace.get_absolute_url()
    world.pagers.revoke("another-key")
    world.page(kind)
    world.send()
    shown = client.get(page).content.decode()
    assert f"answered {world.played[kind].refusal}. Its key or token was revoked" in shown
    assert KEY not in shown
    rule.workspace.secrets = {**rule.workspace.secrets, "api_key": "another-key"}
    rule.workspace.save()
    world.settle()
    assert len(world.notes(kind)) == 1
    assert "revoked" not in client.get(page).content.decode().split("Recent notifications")[0]


@EACH_WITH_NOTES
def test_a_server_that_fails_gets_the_note_once_it_works(
    world: World, connect: Connect, kind: str
) -> None:
    connect(kind, "incident.filed")
    world.page(kind)
    world.pagers.answers.extend([(500, {}), (503, {})])
    for _ in range(4):
        world.send()
    assert len(world.notes(kind)) == 1


@EACH
def test_nothing_of_a_private_incident_leaves(
    world: World, connect: Connect, user: User, kind: str
) -> None:
    connect(kind)
    incident = world.page(kind)
    edit_incident(incident, None, private=True)
    responders.acknowledge(incident, None)
    set_status(incident, "resolved")
    follow_answers()
    for _ in range(2):
        world.send()
    assert world.pagers.requests == []
    assert world.state(kind) == "triggered"


def test_who_acknowledged_in_pagerduty_is_looked_up_by_mail_address(
    world: World, connect: Connect, django_user_model: Any
) -> None:
    """PagerDuty's webhooks name people by an id; its API knows their addresses."""
    ada = django_user_model.objects.create_user("ada", email="ada@example.com")
    rule = connect("pagerduty")
    world.pagers.user("PADA", "Ada Example", "Ada@example.com")
    world.pagers.user("PBOB", "Bob Unknown", "bob@elsewhere.example")
    incident = world.page("pagerduty")
    data = world.pagers.incident_data("PT4KHLK")
    for key in ("PBOB", "PADA", "PGONE"):
        agent = {"id": key, "summary": key, "type": "user_reference"}
        world.pagers.event("incident.acknowledged", data, agent)
    world.webhooks()
    incident.refresh_from_db()
    assert incident.owner is None
    on_call.read_pagers()
    incident.refresh_from_db()
    assert incident.owner == ada
    assert list(ChatPerson.objects.values_list("external_id", "user")) == [("PADA", ada.pk)]
    before = len(world.pagers.requests)
    on_call.read_pagers()
    assert on_call.problem_of(rule.workspace) == ""
    assert len(world.pagers.requests) == before, "Each of them is looked up once."
    assert rule.workspace.people.count() == 1


def test_a_key_that_may_not_read_people_is_a_problem_on_the_workspaces_page(
    world: World, connect: Connect
) -> None:
    workspace = connect("pagerduty", "incident.filed").workspace
    incident = world.page("pagerduty")
    agent = {"id": "PADA", "summary": "Ada", "type": "user_reference"}
    data = world.pagers.incident_data("PT4KHLK")
    world.pagers.event("incident.acknowledged", data, agent)
    world.webhooks()
    world.pagers.answers.append((403, {}))
    on_call.read_pagers()
    assert "answered 403" in on_call.problem_of(workspace)
    on_call.read_pagers()
    assert on_call.problem_of(workspace) == ""
    incident.refresh_from_db()
    assert incident.owner is None
