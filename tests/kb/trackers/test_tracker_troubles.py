"""What every tracker bears: lost issues, limits, outages, revoked tokens, odd answers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.models import ActionItem, TrackedIssue, Tracker
from kb.postmortems.action_items import edit_action
from kb.remote_api import RemoteError
from kb.trackers.base import IssueDraft, IssueMissing
from kb.tracking import linking, syncing
from tests.kb.trackers.fake_tracker import TOKEN, WEBHOOK_SECRET, FakeIssue, FakeTracker
from tests.kb.trackers.steps import (
    FOLLOWS_MOVES,
    created,
    plugin_for,
    post,
    run,
    state_of,
)
from tests.sizes import examples

pytestmark = pytest.mark.django_db


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


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_odd_webhooks_name_no_issue(fake: FakeTracker, data: Any) -> None:
    headers = {"x-github-event": "issues"}
    assert all(isinstance(each, str) for each in plugin_for(fake).ids_in(headers, data))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        with suppress(RemoteError):
            act()


def test_an_issue_that_is_no_issue_any_more_stays_an_error_of_this_one(
    fake: FakeTracker,
) -> None:
    with pytest.raises(IssueMissing):
        plugin_for(fake).fetch(fake.key_of(FakeIssue(99, fake.project, "", "")))
