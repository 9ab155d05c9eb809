"""What tests of trackers do with one, and what they read of it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from kb.models import ActionItem, TrackedIssue, Tracker
from kb.trackers import registry
from kb.trackers.base import TrackerPlugin
from kb.tracking import linking, syncing
from tests.kb.trackers.fake_tracker import TOKEN, WEBHOOK_SECRET, FakeIssue, FakeTracker

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
