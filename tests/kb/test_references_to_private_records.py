"""What refers to a record that became private, or quotes it, shows to nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.events import outbox
from incidents.events.notices import notify, visible_notices
from incidents.filing import edit_incident, file_incident
from incidents.models import Incident, Notice
from kb import notifications
from kb.causes import fixes, linking, merging
from kb.models import Cause, Citation, NotificationDelivery, NotificationRule, Workspace
from kb.permissions import visible_causes
from kb.postmortems import action_items, editing
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def leak(user: User) -> Incident:
    """An incident that is still public, which becomes private in the tests."""
    return file_incident(title="Zebra leak", reporter=user)


def make_private(incident: Incident, author: User) -> None:
    edit_incident(Incident.objects.get(pk=incident.pk), author, private=True)


def sent_requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []

    def send(_: Workspace, request: Any) -> bytes:
        sent.append(repr(request))
        return b""

    monkeypatch.setattr(notifications, "send", send)
    return sent


def subscriber(*kinds: str) -> Workspace:
    workspace = Workspace(kind="webhook", name="Ours", settings={"url": "https://example.com/"})
    workspace.secrets = {"secret": "a secret of sixteen"}
    workspace.save()
    NotificationRule.objects.create(workspace=workspace, events=list(kinds))
    return workspace


def test_a_message_that_waits_is_not_sent_once_its_postmortem_is_private(
    incident: Incident, leak: Incident, user: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sent_requests(monkeypatch)
    workspace = subscriber("postmortem.published", "action.overdue")
    postmortem = editing.start_postmortem([incident, leak], user)
    editing.save_postmortem(postmortem, user, base_version=1, title="Zebra account", body="All")
    editing.publish(postmortem)
    yesterday = timezone.now().date() - timedelta(days=1)
    action_items.add_action(postmortem, title="Zebra key", owner=user, due_on=yesterday)
    action_items.remind_owners_of_due_items()
    notifications.create_deliveries()
    # One waits, one failed and is tried again: the recipients are those of that moment.
    assert NotificationDelivery.objects.count() == 2
    make_private(leak, user)
    assert notifications.deliver_due() == 0
    assert sent == []
    # No list shows them either, although the event is of the public incident.
    assert not outbox.visible_events(other).filter(text__contains="Zebra").exists()
    assert not notifications.shown_deliveries(other).exists()
    manager = User.objects.create_user("manager")
    give_role(manager, Role.MANAGER)
    client = Client()
    client.force_login(manager)
    assert b"Zebra" not in client.get(f"/knowledge/chat/{workspace.pk}/").content
    delivery = NotificationDelivery.objects.first()
    assert delivery
    assert client.post(f"/knowledge/chat/tellings/{delivery.pk}/replay/").status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(lambda leak: leak.get_absolute_url(), id="incident"),
        pytest.param(lambda leak: f"/analysis/incidents/{leak.pk}/suggestions/", id="suggestions"),
        pytest.param(lambda leak: leak.causes.get().get_absolute_url(), id="cause"),
        pytest.param(lambda leak: f"{leak.postmortems.get().get_absolute_url()}as/pdf/", id="file"),
        pytest.param(
            lambda leak: leak.postmortems.get().action_items.get().get_absolute_url(), id="action"
        ),
    ],
)
def test_notices_and_mails_stop_with_the_page_they_are_about(
    page: Any, leak: Incident, user: User, other: User, settings: Any, mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    settings.EMAIL_HOST, other.email = "mail.example", "other@example.com"
    other.save()
    linking.name_cause(leak, "Zebra token in a bucket", author=user)
    postmortem = editing.start_postmortem([leak], user)
    action_items.add_action(postmortem, title="Rotate", owner=user)
    path = page(leak)
    with django_capture_on_commit_callbacks(execute=True):
        assert notify(other, "a", "Zebra", path)
    assert len(mailoutbox) == 1
    with django_capture_on_commit_callbacks(execute=True):
        # The mail is due after the transaction in which it became private.
        notify(other, "b", "Zebra", path)
        make_private(leak, user)
    assert len(mailoutbox) == 1
    assert not visible_notices(other).exists()
    assert not notify(other, "c", "Zebra", path)
    leak.delete()
    assert not visible_notices(other).exists()


def test_who_wrote_a_postmortem_hears_no_more_of_it_when_it_is_hidden_from_them(
    leak: Incident, user: User, other: User
) -> None:
    postmortem = editing.start_postmortem([leak], other)
    editing.request_review(postmortem, [user], other)
    make_private(leak, user)
    editing.comment_on(postmortem, "Zebra", user)
    editing.answer_review(postmortem.reviews.get(), "approved")
    assert not Notice.objects.filter(user=other).exists()


def test_a_cause_that_a_public_incident_has_too_stays_without_what_came_from_the_private_one(
    leak: Incident, incident: Incident, user: User, other: User
) -> None:
    cause = linking.name_cause(incident, "Missing index", author=user).cause
    fixes.mark_fixed(cause, user, at=timezone.now() - timedelta(days=2))
    link = linking.link_cause(leak, cause, reason="Zebra reason", author=user)
    linking.cite_evidence(link, "Zebra chart", leak.get_absolute_url(), user)
    public = linking.link_cause(incident, cause, state="confirmed", author=user)
    linking.cite_evidence(public, "Zebra quoted", leak.get_absolute_url(), user)
    make_private(leak, user)
    linking.link_cause(leak, cause, state="confirmed", author=user)
    cause.refresh_from_db()
    assert not cause.private
    client, api = Client(), APIClient()
    client.force_login(other)
    api.force_authenticate(other)
    address = f"/api/v1/causes/{cause.pk}/"
    for page in (
        cause.get_absolute_url(), f"/knowledge/incidents/{incident.pk}/causes/", address,
        f"/api/v1/incidents/{incident.pk}/citations/", editing_page(incident, other),
    ):  # fmt: skip
        text = client.get(page).content.decode()
        assert "Zebra" not in text, page
        assert leak.reference not in text, page
    # It was disproved by what they do not see: to them it holds.
    assert api.get(address).json()["fixed_at"]
    assert "came back" not in client.get(cause.get_absolute_url()).content.decode()
    with pytest.raises(ValidationError, match="marked fixed already"):
        fixes.mark_fixed(cause, other)
    mine = APIClient()
    mine.force_authenticate(user)
    assert mine.get(address).json()["fixed_at"] is None
    with pytest.raises(ValidationError, match="Everybody sees this incident"):
        linking.cite_evidence(public, "x", leak.get_absolute_url() + "edit/", user)
    # That one of two links is hidden does not show by what splitting answers.
    split = api.post(
        f"{address}split/", {"name": "Other index", "links": [public.pk]}, format="json"
    )
    assert split.status_code == 400
    assert Citation.objects.count() == 2


def editing_page(incident: Incident, author: User) -> str:
    """A postmortem that starts now, with what the incident's links cite."""
    return editing.start_postmortem([incident], author).get_absolute_url()


def test_no_public_record_names_a_cause_that_becomes_private(
    leak: Incident, incident: Incident, user: User, other: User
) -> None:
    cause = linking.name_cause(leak, "Zebra token", author=user).cause
    former = Cause.objects.create(name="Old token")
    linking.link_cause(incident, former, author=user)
    merging.supersede_cause(former, cause)
    postmortem = editing.start_postmortem([incident], user)
    action = action_items.add_action(postmortem, title="Rotate", cause=cause)
    make_private(leak, user)
    assert cause not in visible_causes(other)
    client = Client()
    client.force_login(other)
    for page in (
        f"/knowledge/causes/{former.pk}/", f"/api/v1/causes/{former.pk}/",
        postmortem.get_absolute_url(), f"/api/v1/actions/{action.pk}/", "/knowledge/actions/",
    ):  # fmt: skip
        assert "Zebra" not in client.get(page).content.decode(), page
    # By its own name it can be linked again, and nothing says why that is news.
    assert linking.name_cause(incident, "Old token", author=other).cause == former


def test_what_should_have_prevented_it_is_not_quoted_from_a_private_postmortem(
    leak: Incident, incident: Incident, user: User
) -> None:
    cause = linking.name_cause(incident, "Missing index", author=user).cause
    hidden = editing.start_postmortem([leak], user)
    action_items.add_action(hidden, title="Zebra action", cause=cause, state="done")
    make_private(leak, user)
    fixes.mark_fixed(cause, user, at=timezone.now() - timedelta(days=2))
    again = file_incident(title="orders-db is slow", reporter=user)
    linking.link_cause(again, cause, state="confirmed", author=user)
    said = " ".join(again.timeline.values_list("text", flat=True))
    assert "Back after its fix" in said
    assert "Zebra" not in said


def test_making_public_names_no_other_private_incident_to_who_may_not_see_it(
    leak: Incident, user: User, other: User
) -> None:
    boss = User.objects.create_superuser("boss")
    theirs = file_incident(title="Okapi", reporter=boss, private=True)
    editing.start_postmortem([leak, theirs], boss)
    make_private(leak, user)
    with pytest.raises(ValidationError) as refused:
        edit_incident(leak, user, private=False)
    assert theirs.reference not in str(refused.value)
    assert "Zebra" not in str(refused.value)
    with pytest.raises(ValidationError, match=theirs.reference):
        edit_incident(Incident.objects.get(pk=leak.pk), boss, private=False)
