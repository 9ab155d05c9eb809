"""What every tracker fulfils: issues are created once, states follow both ways, nothing leaks."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.filing import edit_incident
from incidents.models import Incident
from kb.models import ActionItem, Cause, TrackedIssue, Tracker
from kb.postmortems.action_items import edit_action
from kb.trackers import registry
from kb.trackers.base import IssueDraft, IssueMissing, NotOurs, TrackerError, TrackerPlugin
from kb.tracking import linking, syncing
from tests.kb.trackers.conftest import FAKES
from tests.kb.trackers.fake_tracker import TOKEN, WEBHOOK_SECRET, FakeIssue, FakeTracker

pytestmark = pytest.mark.django_db
FOLLOWS_MOVES = {"jira", "github", "linear"}
KNOWS_DROPPED = {"jira", "github", "linear"}


def plugin_for(fake: FakeTracker) -> TrackerPlugin:
    secrets = {"token": TOKEN, "webhook_secret": WEBHOOK_SECRET}
    return registry()[fake.kind]({**fake.settings(), **secrets})


def run() -> int:
    """All that is due, now or because it waits to be repeated."""
    waiting = TrackedIssue.objects.filter(state=TrackedIssue.State.WAITING)
    waiting.update(not_before=timezone.now())
    Tracker.objects.update(resting_until=None)
    return syncing.sync_due()


def created(action: ActionItem, tracker: Tracker, fake: FakeTracker) -> tuple[Any, FakeIssue]:
    """The action's issue, as we and as the tracker know it."""
    linking.link_issue(action, tracker)
    run()
    return TrackedIssue.objects.get(action=action), fake.issues[-1]


def post(client: Client, tracker: Tracker, body: bytes, headers: dict[str, str]) -> int:
    path = f"/trackers/{tracker.slug}/"
    sent = client.post(path, body, content_type="application/json", headers=headers)
    return sent.status_code


def notify(client: Client, tracker: Tracker, fake: FakeTracker, issue: FakeIssue) -> None:
    """Let the tracker say that an issue changed, and a worker see to it."""
    assert post(client, tracker, *fake.webhook(issue)) == 202
    run()


def state_of(action: ActionItem) -> str:
    return ActionItem.objects.get(pk=action.pk).state


def test_every_tracker_has_a_server_to_prove_itself_against() -> None:
    assert set(FAKES) == set(registry())
    for plugin in registry().values():
        assert {"token", "webhook_secret"} <= set(plugin.SettingsForm.base_fields)
        assert plugin.reference_example
        assert plugin.title


def test_a_probe_says_what_is_wrong_and_what_to_do(fake: FakeTracker) -> None:
    assert "can be read" in plugin_for(fake).probe()
    fake.project_exists = False
    with pytest.raises(TrackerError, match=r"Check the (key|name|path)"):
        plugin_for(fake).probe()
    fake.token = "another"
    with pytest.raises(TrackerError, match="Enter a new one"):
        plugin_for(fake).probe()


def test_an_action_becomes_one_issue_that_says_why(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, cause: Cause
) -> None:
    row, issue = created(action, tracker, fake)
    assert issue.title == action.title
    assert cause.name in issue.text
    assert f"http://127.0.0.1:8000{action.get_absolute_url()}" in issue.text.replace("\\", "")
    assert (row.key, row.url) == (fake.key_of(issue), fake.address_of(issue))
    assert (row.issue_state, row.state, row.error) == ("open", "done", "")
    action.refresh_from_db()
    assert (action.tracker_url, action.state) == (row.url, "open")
    assert fake.creations() == len(fake.changes()) == 1


def test_running_twice_and_losing_the_answer_create_one_issue(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    fake.loses_answers = 1
    issue = linking.link_issue(action, tracker)
    run()
    issue.refresh_from_db()
    assert (issue.issue_id, issue.state) == ("", "waiting")
    assert issue.not_before > timezone.now() + timedelta(seconds=30)  # Searches lag behind.
    run()
    # A worker that died after it had created the issue.
    TrackedIssue.objects.update(issue_id="", key="", state="claimed", lease_until=timezone.now())
    run()
    issue.refresh_from_db()
    assert (fake.creations(), issue.key) == (1, fake.key_of(fake.issues[0]))


def test_closing_and_opening_here_does_it_there(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    row, issue = created(action, tracker, fake)
    edit_action(action, state="done")
    run()
    assert issue.state == "done"
    edit_action(action, state="open")
    run()
    assert issue.state == "open"
    edit_action(action, state="dropped")
    run()
    assert issue.state == ("dropped" if fake.kind in KNOWS_DROPPED else "done")
    assert state_of(action) == "dropped"
    row.refresh_from_db()
    assert row.error == ""


def test_closing_and_opening_there_does_it_here(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client
) -> None:
    _, issue = created(action, tracker, fake)
    fake.set_state(issue, "done")
    notify(client, tracker, fake, issue)
    closed = ActionItem.objects.get(pk=action.pk)
    assert closed.state == "done"
    assert closed.closed_at is not None
    fake.set_state(issue, "open")
    notify(client, tracker, fake, issue)
    assert state_of(action) == "open"
    if fake.kind in KNOWS_DROPPED:
        fake.set_state(issue, "dropped")
        notify(client, tracker, fake, issue)
        assert state_of(action) == "dropped"


def test_our_own_changes_come_back_and_start_no_loop(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client
) -> None:
    _, issue = created(action, tracker, fake)
    edit_action(action, state="done")
    run()
    before = len(fake.changes())
    for _ in range(3):
        notify(client, tracker, fake, issue)
    assert len(fake.changes()) == before
    reads = len(fake.requests)
    assert run() == 0
    assert len(fake.requests) == reads
    assert state_of(action) == "done"


def test_events_that_come_twice_or_late_do_no_harm(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client
) -> None:
    _, issue = created(action, tracker, fake)
    fake.set_state(issue, "done")
    old = fake.webhook(issue)
    fake.set_state(issue, "open")
    notify(client, tracker, fake, issue)
    for _ in range(2):
        assert post(client, tracker, *old) == 202
        run()
    assert (state_of(action), issue.state) == ("open", "open")


def test_without_webhooks_the_state_is_polled(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    _, issue = created(action, tracker, fake)
    fake.set_state(issue, "done")
    assert run() == 0
    TrackedIssue.objects.update(checked_at=timezone.now() - syncing.POLL_OPEN)
    assert run() == 1
    assert state_of(action) == "done"
    fake.set_state(issue, "open")
    TrackedIssue.objects.update(checked_at=timezone.now() - syncing.POLL_OPEN)
    assert run() == 0
    TrackedIssue.objects.update(checked_at=timezone.now() - syncing.POLL_CLOSED)
    assert run() == 1
    assert state_of(action) == "open"


def test_an_older_state_from_a_copy_that_lags_is_not_believed(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    row, issue = created(action, tracker, fake)
    edit_action(action, state="done")
    run()
    late, issue.updated = issue.updated, datetime.now(UTC) - timedelta(hours=1)
    issue.state = "open"
    linking.bring_in_step(row)
    run()
    row.refresh_from_db()
    assert (state_of(action), row.state) == ("done", "waiting")
    issue.state, issue.updated = "done", late
    run()
    row.refresh_from_db()
    assert (state_of(action), row.state) == ("done", "done")


def test_a_deleted_issue_is_shown_as_such(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client, user: User
) -> None:
    row, issue = created(action, tracker, fake)
    event = fake.webhook(issue)
    issue.deleted = True
    assert post(client, tracker, *event) == 202
    run()
    row.refresh_from_db()
    assert (row.issue_state, row.state) == ("missing", "done")
    client.force_login(user)
    page = client.get(f"/knowledge/actions/{action.pk}/").content.decode()
    assert "deleted there" in page
    assert "unlink it" in page
    assert state_of(action) == "open"


def test_a_moved_issue_is_shown_as_such_and_followed_where_it_can_be(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client, user: User
) -> None:
    row, issue = created(action, tracker, fake)
    former = fake.key_of(issue)
    event = fake.webhook(issue)
    there = fake.move(issue)
    assert post(client, tracker, *event) == 202
    run()
    row.refresh_from_db()
    client.force_login(user)
    page = client.get(f"/knowledge/actions/{action.pk}/").content.decode()
    assert state_of(action) == "open"
    if fake.kind not in FOLLOWS_MOVES:
        assert (row.issue_state, row.key) == ("moved", former)
        assert "moved to another project" in page
        return
    assert (row.former_key, row.key) == (former, fake.key_of(there))
    assert f"was {former}" in page
    fake.set_state(there, "done")
    linking.bring_in_step(row)
    run()
    assert state_of(action) == "done"


def test_when_too_many_requests_were_sent_the_next_waits_as_long_as_it_should(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    issue = linking.link_issue(action, tracker)
    fake.limit(600)
    syncing.sync_due()
    issue.refresh_from_db()
    tracker.refresh_from_db()
    assert issue.state == "waiting"
    assert tracker.resting_until is not None
    waits = tracker.resting_until - timezone.now()
    assert timedelta(minutes=9) < waits <= timedelta(minutes=10)
    assert issue.not_before - timezone.now() > timedelta(minutes=9)
    TrackedIssue.objects.update(not_before=timezone.now())
    count = len(fake.requests)
    assert syncing.sync_due() == 0
    assert len(fake.requests) == count
    run()
    issue.refresh_from_db()
    tracker.refresh_from_db()
    assert (issue.issue_state, tracker.trouble) == ("open", "")


def test_an_outage_is_outlasted_with_growing_pauses(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    row, issue = created(action, tracker, fake)
    edit_action(action, state="done")
    pauses = []
    for _ in range(3):
        fake.fail(503)
        run()
        row.refresh_from_db()
        pauses.append((row.not_before - timezone.now()).total_seconds())
    assert pauses == sorted(pauses)
    assert "failure of its own" in row.error
    run()
    assert issue.state == "done"


def test_a_revoked_token_is_stated_with_its_cure_and_a_new_one_goes_on(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client, admin_user: User
) -> None:
    row, issue = created(action, tracker, fake)
    fake.token = "the-new-token"
    edit_action(action, state="done")
    run()
    row.refresh_from_db()
    assert row.state == "failed"
    client.force_login(admin_user)
    page = client.get(f"/knowledge/actions/{action.pk}/").content.decode()
    assert "Enter a new one in the tracker" in page
    assert TOKEN not in page
    sent = {
        **fake.settings(), "tracker_name": "Ours", "enabled": "on", "token": "the-new-token",
        "webhook_secret": "",
    }  # fmt: skip
    assert client.post(f"/knowledge/trackers/{tracker.pk}/edit/", sent).status_code == 302
    run()
    assert issue.state == "done"
    tracker.refresh_from_db()
    assert tracker.secrets == {"token": "the-new-token", "webhook_secret": WEBHOOK_SECRET}


def test_a_project_that_is_gone_is_no_deleted_issue(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    row, _ = created(action, tracker, fake)
    fake.project_exists = False
    linking.bring_in_step(row)
    run()
    row.refresh_from_db()
    assert (row.issue_state, row.state) == ("open", "failed")
    assert "in the tracker's settings" in row.error


def test_a_webhook_proves_itself_or_changes_nothing(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, client: Client
) -> None:
    row, issue = created(action, tracker, fake)
    body, headers = fake.webhook(issue)
    count = TrackedIssue.objects.get(pk=row.pk).requests
    assert post(client, tracker, body, {}) == 401
    forged = {name: value.replace(value[-6:], "000000") for name, value in headers.items()}
    assert post(client, tracker, body, forged) == 401
    if fake.kind != "gitlab":  # Whose secret is no signature.
        assert post(client, tracker, body + b" ", headers) == 401
    tracker.secrets = {"token": TOKEN}
    tracker.save()
    assert post(client, tracker, body, headers) == 401
    tracker.enabled = False
    tracker.save()
    assert post(client, tracker, body, headers) == 404
    assert TrackedIssue.objects.get(pk=row.pk).requests == count


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["issue", "data", "id", "object_attributes", "iid", "type", "project"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_odd_webhooks_name_no_issue(fake: FakeTracker, data: Any) -> None:
    headers = {"x-github-event": "issues"}
    assert all(isinstance(each, str) for each in plugin_for(fake).ids_in(headers, data))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([200, 201, 204, 301, 400, 404, 422, 500]), json_values)
def test_odd_answers_raise_nothing_else(fake: FakeTracker, status: int, body: Any) -> None:
    draft = IssueDraft("8f7a1f0e-5b0c-4e0e-9a51-6f9c7a0a8f10", "Title", datetime.now(UTC))
    plugin = plugin_for(fake)
    for act in (
        plugin.probe,
        lambda: plugin.create(draft),
        lambda: plugin.find_marked(draft),
        lambda: plugin.fetch("example/shop#1"),
        lambda: plugin.close("example/shop#1", dropped=False),
    ):
        fake.failures = [(status, {}, body)] * 4
        # Whatever else is raised fails the test; an answer that happens to fit is none.
        with suppress(TrackerError):
            act()


def test_a_private_incident_never_leaves(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, incident: Incident, user: User
) -> None:
    edit_incident(incident, author=user, private=True)
    action.refresh_from_db()
    with pytest.raises(ValidationError, match="private incident"):
        linking.link_issue(action, tracker)
    assert not TrackedIssue.objects.exists()
    assert fake.requests == []


def test_what_became_private_before_a_worker_came_is_not_sent(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, incident: Incident, user: User
) -> None:
    issue = linking.link_issue(action, tracker)
    edit_incident(incident, author=user, private=True)
    run()
    issue.refresh_from_db()
    assert (issue.state, fake.requests) == ("failed", [])
    assert "private incident" in issue.error


def test_an_existing_issue_is_linked_by_key_or_address(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    issue = fake.add("Already there")
    for reference in (fake.key_of(issue), f" {fake.address_of(issue)} "):
        row = linking.link_issue(action, tracker, reference)
        run()
        row.refresh_from_db()
        assert (row.key, row.title, row.state) == (fake.key_of(issue), "Already there", "done")
        linking.unlink_issue(row)
    assert fake.changes() == []
    action.refresh_from_db()
    assert action.tracker_url == ""


def test_what_is_linked_takes_over_the_state_of_its_issue(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    issue = fake.add("Done long ago")
    fake.set_state(issue, "done")
    linking.link_issue(action, tracker, fake.key_of(issue))
    run()
    assert state_of(action) == "done"
    assert fake.changes() == []


@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example/browse/OPS-1",
        "https://evil.example/example/shop/issues/1",
        "http://169.254.169.254/latest",
        "https://linear.app.evil.example/example/issue/ENG-1",
        "{url}@evil.example/browse/OPS-1",
        "{url}/example/other/issues/1",
        "{url}/browse/OTHER-1",
        "OTHER-1", "other/repository#1", "#", "-", "OPS-", "OPS-1/../../x", "ENG-1?x=1",
        "../../admin", "x" * 400,
    ],
)  # fmt: skip
def test_a_reference_elsewhere_is_refused_without_a_request(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, reference: str
) -> None:
    with pytest.raises(NotOurs):
        plugin_for(fake).id_of(reference.replace("{url}", fake.url))
    with pytest.raises(ValidationError) as refused:
        linking.link_issue(action, tracker, reference.replace("{url}", fake.url))
    assert "Name an issue of" in refused.value.message_dict["reference"][0]
    assert fake.requests == []


def test_titles_and_texts_of_people_command_and_notify_nobody(
    action: ActionItem, tracker: Tracker, fake: FakeTracker, cause: Cause
) -> None:
    edit_action(action, title="Long " + "x" * 290)
    cause.what_happens = "See below.\n/close\n  /assign @all password=hunter22\n{code}h1. x{code}"
    cause.save()
    _, issue = created(action, tracker, fake)
    assert issue.state == "open"
    assert len(issue.title) <= 255
    assert "hunter22" not in issue.text
    assert "@all" not in issue.text or fake.kind == "jira"
    assert "\n/close" not in issue.text.replace("\\/", "") or fake.kind == "jira"
    if fake.kind == "jira":
        assert "{code}" not in issue.text.replace("\\{", "")


def test_an_issue_that_is_no_issue_any_more_stays_an_error_of_this_one(
    fake: FakeTracker,
) -> None:
    with pytest.raises(IssueMissing):
        plugin_for(fake).fetch(fake.key_of(FakeIssue(99, fake.project, "", "")))
