"""What every tracker fulfils: issues are created once, states follow both ways, nothing leaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kb.models import ActionItem, Cause, TrackedIssue, Tracker
from kb.postmortems.action_items import edit_action
from kb.remote_api import RemoteError
from kb.trackers import registry
from kb.tracking import linking, syncing
from tests.kb.trackers.conftest import FAKES
from tests.kb.trackers.fake_tracker import FakeTracker
from tests.kb.trackers.steps import (
    KNOWS_DROPPED,
    created,
    notify,
    plugin_for,
    post,
    run,
    state_of,
)

pytestmark = pytest.mark.django_db


def test_every_tracker_has_a_server_to_prove_itself_against() -> None:
    assert set(FAKES) == set(registry())
    for plugin in registry().values():
        assert {"token", "webhook_secret"} <= set(plugin.SettingsForm.base_fields)
        assert plugin.reference_example
        assert plugin.title


def test_a_probe_says_what_is_wrong_and_what_to_do(fake: FakeTracker) -> None:
    assert "can be read" in plugin_for(fake).probe()
    fake.project_exists = False
    with pytest.raises(RemoteError, match=r"Check the (key|name|path)"):
        plugin_for(fake).probe()
    fake.token = "another"
    with pytest.raises(RemoteError, match="Enter a new one"):
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
