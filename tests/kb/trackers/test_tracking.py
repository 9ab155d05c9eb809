"""Trackers on pages and by API, who may do what, and what a closed issue means for its cause."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Incident, Service, TimelineEntry
from kb.causes import fixes
from kb.models import ActionItem, Cause, TrackedIssue, Tracker
from kb.postmortems.action_items import add_action, edit_action
from kb.remote_api import RemoteError
from kb.trackers import registry
from kb.tracking import linking, syncing
from people.membership import give_role
from people.models import Role
from tests.kb.trackers.conftest import connect
from tests.kb.trackers.fake_github import FakeGitHub
from tests.kb.trackers.fake_gitlab import FakeGitLab
from tests.kb.trackers.fake_jira import FakeJira
from tests.kb.trackers.fake_linear import FakeLinear
from tests.kb.trackers.fake_tracker import TOKEN, WEBHOOK_SECRET, FakeTracker, served

pytestmark = pytest.mark.django_db


@pytest.fixture
def jira() -> Iterator[FakeJira]:
    fake = FakeJira()
    with served(fake):
        yield fake


@pytest.fixture
def tracker(db: None, jira: FakeJira) -> Tracker:
    return connect(jira, "Operations board")


def close_there(action: ActionItem, fake: FakeTracker) -> None:
    issue = fake.issues[-1]
    fake.set_state(issue, "done")
    linking.bring_in_step(TrackedIssue.objects.get(action=action))
    assert syncing.sync_due() == 1


@pytest.fixture
def linked(action: ActionItem, tracker: Tracker) -> ActionItem:
    linking.link_issue(action, tracker)
    assert syncing.sync_due() == 1
    action.refresh_from_db()
    return action


def test_a_closed_issue_counts_as_a_fix_and_the_same_fault_names_it(
    linked: ActionItem, jira: FakeJira, cause: Cause, database: Service
) -> None:
    assert fixes.current_fix(cause) is None
    close_there(linked, jira)
    fix = fixes.current_fix(cause)
    assert fix is not None
    assert fix.note == "OPS-1 is closed in Operations board."
    again = file_incident(title="orders-db CPU again", services=[database])
    fixes.record_return(cause, again, "Suggested first.")
    text = TimelineEntry.objects.filter(incident=again, kind="cause").get().text
    assert "should have prevented it (done" in text
    assert f"[OPS\\-1]({jira.url}/browse/OPS-1)" in text or "[OPS-1](" in text
    assert "Done" in text


def test_opening_the_issue_again_withdraws_its_fix(
    linked: ActionItem, jira: FakeJira, cause: Cause
) -> None:
    close_there(linked, jira)
    jira.set_state(jira.issues[-1], "open")
    linking.bring_in_step(TrackedIssue.objects.get(action=linked))
    syncing.sync_due()
    assert fixes.current_fix(cause) is None
    assert ActionItem.objects.get(pk=linked.pk).state == "open"


def test_a_cause_is_fixed_only_with_the_last_of_its_preventive_actions(
    linked: ActionItem, jira: FakeJira, cause: Cause, user: User
) -> None:
    second = add_action(linked.postmortem, author=user, title="Pin the planner")
    close_there(linked, jira)
    assert fixes.current_fix(cause) is None
    linking.link_issue(second, Tracker.objects.get())
    syncing.sync_due()
    close_there(second, jira)
    assert fixes.current_fix(cause) is not None


def test_what_was_dropped_there_fixes_nothing(
    linked: ActionItem, jira: FakeJira, cause: Cause
) -> None:
    jira.set_state(jira.issues[-1], "dropped")
    linking.bring_in_step(TrackedIssue.objects.get(action=linked))
    syncing.sync_due()
    assert ActionItem.objects.get(pk=linked.pk).state == "dropped"
    assert fixes.current_fix(cause) is None


def test_a_change_on_both_sides_at_once_ends_with_both_the_same(
    linked: ActionItem, jira: FakeJira
) -> None:
    edit_action(linked, state="done")
    jira.set_state(jira.issues[-1], "done")
    syncing.sync_due()
    row = TrackedIssue.objects.get()
    assert (row.state, row.agreed_closed, len(jira.changes())) == ("done", True, 1)


def test_a_change_while_a_worker_reads_is_not_lost(
    linked: ActionItem, jira: FakeJira, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = registry()["jira"]
    fetch = plugin.fetch

    def slowly(self: Any, issue_id: str) -> Any:
        found = fetch(self, issue_id)
        monkeypatch.undo()
        edit_action(ActionItem.objects.get(pk=linked.pk), state="done")
        return found

    monkeypatch.setattr(plugin, "fetch", slowly)
    linking.bring_in_step(TrackedIssue.objects.get())
    syncing.sync_due()
    for _ in range(2):
        syncing.sync_due()
    assert jira.issues[-1].state == "done"
    assert ActionItem.objects.get(pk=linked.pk).state == "done"


def test_a_workflow_that_cannot_close_says_so(linked: ActionItem, jira: FakeJira) -> None:
    jira.transitions = ["started"]
    edit_action(linked, state="done")
    syncing.sync_due()
    row = TrackedIssue.objects.get()
    assert row.state == "failed"
    assert "no transition from its present status that closes it" in row.error


def test_the_best_transition_is_taken_not_the_first(linked: ActionItem, jira: FakeJira) -> None:
    edit_action(linked, state="done")
    syncing.sync_due()
    assert jira.issues[-1].state == "done"  # “Rejected” comes first, and is of the category Done.


def test_what_jira_refuses_is_for_those_who_manage_trackers(
    action: ActionItem, tracker: Tracker, web: Client, user: User
) -> None:
    tracker.settings["issue_type"] = "Epic"
    tracker.save()
    linking.link_issue(action, tracker)
    syncing.sync_due()
    page = web.get(f"/knowledge/actions/{action.pk}/").content.decode()
    assert "refused this (400)" in page
    assert "Try again" in page
    assert "valid issue type" not in page
    assert web.get(f"/knowledge/trackers/{tracker.pk}/").status_code == 403
    give_role(user, Role.MANAGER)
    managed = Client()
    managed.force_login(User.objects.get(pk=user.pk))
    shown = managed.get(f"/knowledge/trackers/{tracker.pk}/").content.decode()
    assert "valid issue type" in shown
    assert f"/trackers/{tracker.slug}/" in shown


def test_a_tracker_is_connected_probed_and_never_shows_its_token(
    jira: FakeJira, admin_client: Client
) -> None:
    body = {
        **jira.settings(), "tracker_name": "Board", "enabled": "on", "token": TOKEN,
        "webhook_secret": WEBHOOK_SECRET,
    }  # fmt: skip
    refused = admin_client.post("/knowledge/trackers/new/jira/", {**body, "project": "o p s"})
    assert refused.status_code == 422
    assert admin_client.post("/knowledge/trackers/new/jira/", body).status_code == 302
    row = Tracker.objects.get()
    for path in ("", "edit/"):
        page = admin_client.get(f"/knowledge/trackers/{row.pk}/{path}").content.decode()
        assert TOKEN not in page
        assert WEBHOOK_SECRET not in page
    probed = admin_client.post(f"/knowledge/trackers/{row.pk}/probe/", follow=True)
    assert "“Operations” can be read" in probed.content.decode()
    jira.token = "another"
    probed = admin_client.post(f"/knowledge/trackers/{row.pk}/probe/", follow=True)
    assert "Enter a new one" in probed.content.decode()
    assert TOKEN not in Tracker.objects.values_list("sealed", flat=True).get()


def test_an_action_is_linked_from_its_page(
    action: ActionItem, tracker: Tracker, web: Client, jira: FakeJira
) -> None:
    path = f"/knowledge/actions/{action.pk}/"
    assert "Create or link" in web.get(path).content.decode()
    wrong = web.post(f"{path}issue/", {"tracker": tracker.pk, "reference": "X-1"}, follow=True)
    assert "Name an issue of OPS" in wrong.content.decode()
    done = web.post(f"{path}issue/", {"tracker": tracker.pk, "reference": ""}, follow=True)
    assert "It is created in a moment" in done.content.decode()
    syncing.sync_due()
    for page in (path, action.postmortem.get_absolute_url(), "/knowledge/actions/"):
        shown = web.get(page).content.decode()
        assert "Operations board" in shown
        assert f'href="{jira.url}/browse/OPS-1"' in shown
        assert "To Do" in shown
    again = web.post(f"{path}issue/", {"tracker": tracker.pk, "reference": ""}, follow=True)
    assert "It is linked with OPS-1 in Operations board" in again.content.decode()
    assert web.post(f"{path}issue/sync/").status_code == 302
    assert syncing.sync_due() == 1
    web.post(f"{path}issue/unlink/")
    assert not TrackedIssue.objects.exists()
    assert len(jira.issues) == 1


def test_a_viewer_sees_the_issue_and_changes_nothing(
    linked: ActionItem, tracker: Tracker, django_user_model: Any, client: Client
) -> None:
    viewer = django_user_model.objects.create_user("viewer")
    give_role(viewer, Role.VIEWER)
    client.force_login(viewer)
    page = client.get(linked.postmortem.get_absolute_url()).content.decode()
    assert "OPS-1" in page
    path = f"/knowledge/actions/{linked.pk}/issue/"
    for address in (path, f"{path}unlink/", f"{path}sync/"):
        assert client.post(address, {"tracker": tracker.pk}).status_code == 403
    assert client.get("/knowledge/trackers/").status_code == 403
    assert TrackedIssue.objects.count() == 1


def test_the_api_connects_links_and_tells(action: ActionItem, jira: FakeJira, user: User) -> None:
    give_role(user, Role.MANAGER)
    api = APIClient()
    api.force_authenticate(User.objects.get(pk=user.pk))
    body = {
        "kind": "jira", "name": "Board", "settings": jira.settings(),
        "secrets": {"token": TOKEN, "webhook_secret": WEBHOOK_SECRET},
    }  # fmt: skip
    made = api.post("/api/v1/trackers/", body, format="json")
    assert made.status_code == 201, made.data
    assert TOKEN not in str(made.data)
    probed = api.post(f"/api/v1/trackers/{made.data['id']}/probe/")
    assert probed.data["well"] is True
    path = f"/api/v1/actions/{action.pk}/issue/"
    assert api.delete(path).status_code == 404
    wrong = api.post(
        path, {"tracker": "Board", "reference": "https://x.example/OPS-1"}, format="json"
    )
    assert wrong.status_code == 400
    assert "reference" in wrong.data["errors"]
    linked = api.post(path, {"tracker": "Board"}, format="json")
    assert (linked.status_code, linked.data["sync"]) == (202, "waiting")
    syncing.sync_due()
    issue = api.get(f"/api/v1/actions/{action.pk}/").data["issue"]
    assert (issue["key"], issue["state"], issue["tracker"]) == ("OPS-1", "open", "Board")
    assert api.post(f"{path}sync/").status_code == 202
    assert api.delete(path).status_code == 204
    assert api.get(f"/api/v1/actions/{action.pk}/").data["issue"] is None


def test_gitlab_signs_with_a_signing_token_too(client: Client, db: None) -> None:
    fake = FakeGitLab()
    with served(fake):
        tracker, key = connect(fake), b"0123456789abcdef0123456789abcdef"
        tracker.secrets = {
            "token": TOKEN, "webhook_secret": f"whsec_{base64.b64encode(key).decode()}",
        }  # fmt: skip
        tracker.save()
        body, _ = fake.webhook(fake.add("Issue"))

        def sent(at: float, signed: bytes) -> int:
            digest = hmac.new(key, f"id-1.{int(at)}.".encode() + signed, hashlib.sha256).digest()
            headers = {
                "webhook-id": "id-1", "webhook-timestamp": str(int(at)),
                "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            }  # fmt: skip
            path = f"/trackers/{tracker.slug}/"
            answer = client.post(path, body, content_type="application/json", headers=headers)
            return answer.status_code

        assert sent(time.time(), body) == 202
        assert sent(time.time(), body + b" ") == 401
        assert sent(time.time() - 600, body) == 401


def test_linear_refuses_old_webhooks(client: Client, db: None) -> None:
    fake = FakeLinear()
    with served(fake):
        tracker = connect(fake)
        issue = fake.add("Issue")
        for age, status in ((0, 202), (120, 401)):
            body, headers = fake.webhook(issue, timezone.now() - timedelta(seconds=age))
            answer = client.post(
                f"/trackers/{tracker.slug}/", body, content_type="application/json",
                headers=headers,
            )  # fmt: skip
            assert answer.status_code == status


def test_githubs_second_kind_of_limit_is_a_limit_too(db: None) -> None:
    fake = FakeGitHub()
    with served(fake):
        plugin = linking.plugin_of(connect(fake))
        fake.fail(403, Retry_After="120")
        with pytest.raises(RemoteError) as limited:
            plugin.probe()
        assert (limited.value.passing, limited.value.wait) == (True, 120)
        fake.fail(403)
        with pytest.raises(RemoteError, match="right to read"):
            plugin.probe()


def test_a_transfer_to_another_host_is_not_followed(db: None, incident: Incident) -> None:
    fake = FakeGitHub()
    with served(fake):
        plugin = linking.plugin_of(connect(fake))
        fake.failures = [(301, {"Location": "http://169.254.169.254/latest"}, None)]
        with pytest.raises(RemoteError, match="does not lead"):
            plugin.fetch("example/shop#1")
        assert len(fake.requests) == 1


def test_too_large_and_unknown_webhooks_are_refused(client: Client, tracker: Tracker) -> None:
    path = f"/trackers/{tracker.slug}/"
    large = client.post(path, b"x" * (4 * 1024 * 1024 + 1), content_type="application/json")
    assert large.status_code == 413
    assert (
        client.post("/trackers/nobody/", b"{}", content_type="application/json").status_code == 404
    )
    assert client.get(path).status_code == 405
