"""One fault from the pager to the tracker and back: what each system knows of the others' work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analysis.answers.changes import follow_answers
from incidents.filing import set_status
from kb import on_call
from kb.causes.fixes import current_fix
from kb.causes.linking import link_cause
from kb.models import ActionItem, Cause, TrackedIssue
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import start_postmortem
from kb.tracking import linking, syncing
from tests.kb.pagers.conftest import Connect, World
from tests.kb.trackers.conftest import connect as connect_tracker
from tests.kb.trackers.fake_jira import FakeJira
from tests.kb.trackers.fake_tracker import served

pytestmark = pytest.mark.django_db


def test_a_fault_goes_from_the_pager_to_the_tracker_and_its_return_names_the_issue(
    world: World, connect: Connect, client: Client, django_user_model: Any
) -> None:
    ada = django_user_model.objects.create_superuser("ada", "ada@example.com")
    connect("pagerduty")
    world.pagers.user("PADA", "Ada Example", "ada@example.com")

    # An alert opens an incident; the note with the past cause appears on the pager's incident.
    incident = world.page("pagerduty")
    follow_answers()
    world.settle()
    [note] = world.notes("pagerduty")
    assert "Connection pool too small" in note
    assert "Raised max_connections to 400" in note

    # Acknowledged there: its owner and its time are so here.
    at = timezone.now() - timedelta(seconds=40)
    agent = {"id": "PADA", "summary": "Ada Example", "type": "user_reference"}
    data = world.pagers.incident_data("PT4KHLK")
    world.pagers.event("incident.acknowledged", data, agent)
    world.pagers.webhooks[-1][1]["event"]["occurred_at"] = at.isoformat()
    world.webhooks()
    on_call.read_pagers()
    incident.refresh_from_db()
    assert incident.owner == ada
    assert incident.acknowledged_at == at

    # The postmortem's action becomes an issue, and closing it there closes it here.
    cause = Cause.objects.get()
    link_cause(incident, cause, state="confirmed", author=ada)
    set_status(incident, "resolved", ada, "Raised max_connections again")
    world.settle()
    assert world.state("pagerduty") == "resolved"
    action = add_action(start_postmortem([incident], ada), author=ada, title="Size the pool")
    with served(FakeJira()) as jira:
        linking.link_issue(action, connect_tracker(jira, "Operations board"))
        syncing.sync_due()
        [issue] = jira.issues
        assert "Size the pool" in issue.title
        jira.set_state(issue, "done")
        body, headers = jira.webhook(issue)
        slug = TrackedIssue.objects.get().tracker.slug
        answer = client.post(
            f"/trackers/{slug}/", body, content_type="application/json", headers=headers
        )
        assert answer.status_code == 202
        syncing.sync_due()
    assert ActionItem.objects.get().state == "done"
    assert current_fix(cause) is not None

    # The same fault again: the cause is open again, and the page names the issue.
    again = world.page("pagerduty", "PAGAIN")
    assert again != incident
    link_cause(again, cause, state="confirmed", author=ada)
    assert current_fix(cause) is None
    client.force_login(ada)
    page = client.get(again.get_absolute_url()).content.decode()
    assert "Back after its fix" in page
    assert "OPS-1" in page
    assert "“Size the pool” should have prevented it" in page
