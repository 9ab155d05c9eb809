"""A rule opens a channel for an incident, follows it there, and archives it at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents import responders
from incidents.filing import edit_incident, set_severity, set_status
from incidents.models import Incident, Service
from kb.causes.linking import name_cause
from kb.channels import rules, syncing
from kb.channels.words import channel_name, pattern_problem
from kb.models import ChannelRule, IncidentChannel, OnCall, OpenedChannel, Workspace
from tests.kb.channels.conftest import File, die_at_work, settle
from tests.kb.conftest import past
from tests.slack_server import BOT, Channel, FakeSlack

pytestmark = pytest.mark.django_db


def texts(channel: Channel) -> list[str]:
    return [str(each) for each in channel.messages]


def test_a_new_incident_gets_a_channel_with_its_past_cause_its_people_and_its_state(
    rule: ChannelRule, there: FakeSlack, file: File, ada: User, user: User, database: Service
) -> None:
    before = past("orders-db CPU is high", database, resolution="Created the index again")
    name_cause(before, "Index lost in the migration", author=user)
    OnCall.objects.create(
        workspace=rule.workspace, service=database, user=ada, name="Ada", read_at=timezone.now()
    )
    incident = file("orders-db CPU: überlastet!")
    row = settle()
    channel = there.only()
    assert channel.name == f"inc-{incident.pk}-orders-db-cpu-uberlastet" == row.name
    assert not channel.is_private
    assert channel.topic.startswith("SEV1 · Investigating · orders-db · http")
    assert channel.purpose.endswith(f"/INC-{incident.pk}/")
    assert channel.members == {BOT, "U0ADA"}
    [first] = texts(channel)
    assert "Index lost in the migration" in first
    assert "Created the index again" in first
    assert IncidentChannel.objects.get(channel=channel.id).incident == incident

    # Nothing changed: nothing is sent.
    count = len(there.calls)
    settle(2)
    assert len(there.calls) == count

    responders.assign_owner(incident, ada)
    set_severity(incident, "SEV2")
    set_status(incident, "mitigated")
    syncing.sync_due()
    assert channel.topic.startswith("SEV2 · Mitigated · orders-db · Owner: ada")
    assert len(there.called("conversations.invite")) == 1


def test_the_outcome_is_posted_once_and_the_channel_archived_after_the_days_of_the_rule(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    rule.archive_after_days = 2
    rule.save()
    incident = file()
    settle()
    set_status(incident, "resolved", resolution="Raised the pool to 400")
    row = settle(2)
    channel = there.only()
    [outcome] = [each for each in texts(channel) if "Raised the pool to 400" in each]
    assert "An incident was resolved" in outcome
    assert channel.topic.startswith("SEV1 · Resolved")
    assert row.state == "waiting"
    assert not channel.archived
    resolved_at = timezone.now() - timedelta(days=3)
    Incident.objects.update(resolved_at=resolved_at, impact_started_at=resolved_at)
    OpenedChannel.objects.update(posted=[*row.posted, f"resolved {resolved_at}"])
    assert settle().archived_at is not None
    assert channel.archived

    # Open again: an archived channel keeps its name.
    set_status(incident, "investigating")
    settle(2)
    assert there.names() == [channel.name, f"{channel.name}-2"]


@pytest.mark.parametrize("lost", ["conversations.create", "chat.postMessage"])
def test_what_was_done_and_whose_answer_was_lost_is_found_again(
    rule: ChannelRule, there: FakeSlack, file: File, lost: str
) -> None:
    there.lost.append(lost)
    file()
    assert settle().state == "waiting"
    row = settle()
    assert row.channel == there.only().id
    assert len(there.only().messages) == 1
    assert row.error == ""


def test_a_worker_that_died_leaves_nothing_that_is_done_twice(
    rule: ChannelRule, there: FakeSlack, file: File, ada: User
) -> None:
    incident = file()
    responders.add_person(incident, ada, "responder")
    die_at_work(settle())
    OpenedChannel.objects.update(channel="", topic_digest="", posted=[], invited=[])
    row = settle()
    assert row.channel == there.only().id
    assert len(there.only().messages) == 1
    assert row.notes == {}


def test_a_name_that_somebody_else_has_gets_a_number(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    incident = file()
    theirs = there.channel(f"inc-{incident.pk}-orders-db-cpu", creator="U0BOB")
    row = settle()
    assert row.name == f"{theirs.name}-2"
    assert theirs.messages == []


def test_too_many_requests_make_the_whole_workspace_wait(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    file(), file("another")
    there.limit(40)
    syncing.sync_due()
    assert there.channels == {}
    waits = OpenedChannel.objects.values_list("not_before", flat=True)
    assert all(at > timezone.now() + timedelta(seconds=30) for at in waits)
    row = settle()
    assert len(there.channels) == 2
    # Nor does news of an incident end the wait.
    there.limit(40)
    OpenedChannel.objects.exclude(pk=row.pk).update(not_before=timezone.now(), topic_digest="")
    syncing.sync_due()
    set_severity(row.incident, "SEV2")
    there.calls.clear()
    syncing.sync_due()
    assert there.calls == []


def test_a_revoked_token_is_said_and_a_new_one_goes_on(
    rule: ChannelRule, there: FakeSlack, file: File, admin_client: Client
) -> None:
    file()
    there.token = "xoxb-another"
    row = settle()
    assert row.state == "failed"
    assert "invalid_auth" in row.error
    assert "another token" in row.error
    page = admin_client.get(rule.workspace.get_absolute_url()).content.decode()
    assert "invalid_auth" in page
    workspace = Workspace.objects.get()
    workspace.secrets = {**workspace.secrets, "bot_token": there.token}
    workspace.save()
    answer = admin_client.post(f"/knowledge/chat/channels/{row.pk}/retry/")
    assert answer.status_code == 302
    assert settle().channel == there.only().id


def test_one_refused_step_is_noted_and_the_others_go_on(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    there.refusals = {"conversations.setTopic": "missing_scope"}
    file()
    row = settle()
    assert row.notes == {"topic": "missing_scope"}
    assert len(there.only().messages) == 1


def test_a_channel_that_somebody_archived_there_is_left_alone(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    incident = file()
    settle()
    there.only().archived = True
    set_severity(incident, "SEV2")
    row = settle(3)
    assert "archived or deleted there" in row.error
    assert len(there.channels) == 1


def test_private_incidents_get_no_channel_or_a_private_one_with_those_who_may_see_them(
    rule: ChannelRule, there: FakeSlack, file: File, ada: User, django_user_model: type[User]
) -> None:
    bob = django_user_model.objects.create_user("bob")
    rule.workspace.people.create(external_id="U0BOB", name="bob", user=bob)
    secret = file("Leak of keys", private=True, viewers=[ada])
    assert syncing.sync_due() == 0
    assert there.channels == {}
    rule.private_incidents = "channel"
    rule.save()
    # On call for its service, and not among those who may see it.
    OnCall.objects.create(
        workspace=rule.workspace, service=secret.services.get(), user=bob, name="Bob"
    )
    responders.add_person(secret, ada, "responder")
    settle()
    channel = there.only()
    assert channel.is_private
    assert channel.members == {BOT, "U0ADA"}
    assert " cause" not in texts(channel)[0]
    edit_incident(secret, viewers=[])
    settle()
    assert channel.members == {BOT}


def test_a_public_channel_says_nothing_more_once_its_incident_is_private(
    rule: ChannelRule, there: FakeSlack, file: File
) -> None:
    incident = file()
    settle()
    edit_incident(incident, private=True)
    set_severity(incident, "SEV2")
    there.calls.clear()
    assert "became private" in settle(2).error
    assert there.calls == []


def test_rules_choose_by_severity_team_and_service(
    rule: ChannelRule, file: File, database: Service
) -> None:
    def chosen(**fields: Any) -> bool:
        ChannelRule.objects.filter(pk=rule.pk).update(**fields)
        rule.refresh_from_db()
        return rules.incidents_without_channel(rule).exists()

    incident = file(severity="SEV3")
    other = Service.objects.create(name="invoices")
    assert not chosen(severity="SEV2")
    assert chosen(severity="SEV3")
    assert not chosen(service=other)
    assert chosen(service=database)
    assert not chosen(service=None, created_at=timezone.now() + timedelta(minutes=1))
    assert chosen(created_at=timezone.now() - timedelta(minutes=1))
    set_status(incident, "resolved")
    assert not chosen()


def test_a_storm_opens_no_more_channels_an_hour_than_people_can_read(
    rule: ChannelRule, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_AN_HOUR", 2)
    for number in range(3):
        file(f"alert {number}")
    assert [rules.plan_channels(), rules.plan_channels()] == [2, 0]


def test_patterns_name_what_they_may_and_need_the_number(incident: Incident) -> None:
    assert pattern_problem("inc-{number}-{title}-{date}") == ""
    for wrong in ("{title}", "{number.real}", "{number", "{number}{0}", "{number}{secret}"):
        assert pattern_problem(wrong), wrong
    name = channel_name("{severity} {number}", incident)
    assert name == f"{incident.severity} {incident.pk}"


def test_managers_make_rules_by_page_and_api_and_others_do_not(
    workspace: Workspace, admin_client: Client, client: Client, admin_api: APIClient, user: User
) -> None:
    page = f"/knowledge/chat/{workspace.pk}/channels/new/"
    form = {"severity": "SEV1", "private_incidents": "never", "name_pattern": "inc-{number}"}
    client.force_login(user)
    assert client.post(page, form).status_code == 403
    assert admin_client.post(page, {**form, "name_pattern": "inc"}).status_code == 422
    assert admin_client.post(page, form).status_code == 302
    sent = {"workspace": workspace.pk, "team": "", "archive_after_days": 3}
    made = admin_api.post("/api/v1/chat-channel-rules/", sent, format="json")
    assert made.status_code == 201, made.data
    assert ChannelRule.objects.count() == 2
    wrong = {**sent, "name_pattern": "{x}"}
    assert admin_api.post("/api/v1/chat-channel-rules/", wrong, format="json").status_code == 400
    mail = Workspace.objects.create(kind="mail", name="Mail")
    with pytest.raises(ValidationError, match="Slack and Mattermost only"):
        rules.check_rule(ChannelRule(workspace=mail))


def test_the_incident_page_and_the_api_show_its_channel(
    rule: ChannelRule, there: FakeSlack, file: File, admin_api: APIClient, admin_client: Client
) -> None:
    incident = file()
    row = settle()
    part = admin_client.get(f"/knowledge/incidents/{incident.pk}/on-call/").content.decode()
    assert f"#{row.name}" in part
    assert f"channel={row.channel}" in part
    [shown] = admin_api.get("/api/v1/chat-channels/").data["results"]
    assert (shown["name"], shown["incident"]) == (row.name, incident.pk)
