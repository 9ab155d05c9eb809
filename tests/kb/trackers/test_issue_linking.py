"""Which issues are linked or created, and what of an action never leaves."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from incidents.filing import edit_incident
from incidents.models import Incident
from kb.models import ActionItem, Cause, TrackedIssue, Tracker
from kb.postmortems.action_items import edit_action
from kb.trackers.base import NotOurs
from kb.tracking import linking
from tests.kb.trackers.fake_tracker import FakeTracker
from tests.kb.trackers.steps import (
    created,
    plugin_for,
    run,
    state_of,
)

pytestmark = pytest.mark.django_db


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


ELSEWHERE = [
    "https://evil.example/browse/OPS-1",
    "https://evil.example/example/shop/issues/1",
    "http://169.254.169.254/latest",
    "https://linear.app.evil.example/example/issue/ENG-1",
    "{url}@evil.example/browse/OPS-1",
    "{url}/example/other/issues/1",
    "{url}/browse/OTHER-1",
    "OTHER-1", "other/repository#1", "#", "-", "OPS-", "OPS-1/../../x", "ENG-1?x=1",
    "../../admin", "x" * 400,
]  # fmt: skip


def test_a_reference_elsewhere_is_refused_without_a_request(
    action: ActionItem, tracker: Tracker, fake: FakeTracker
) -> None:
    for reference in ELSEWHERE:
        given = reference.replace("{url}", fake.url)
        with pytest.raises(NotOurs):
            plugin_for(fake).id_of(given)
        with pytest.raises(ValidationError) as refused:
            linking.link_issue(action, tracker, given)
        assert "Name an issue of" in refused.value.message_dict["reference"][0], given
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
