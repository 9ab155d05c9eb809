from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.events.notices import notify
from incidents.filing import add_note, file_incident
from incidents.models import Incident, Notice, TimelineEntry
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


def page(web: Client, incident: Incident, query: str = "") -> str:
    return web.get(f"/INC-{incident.pk}/timeline/{query}").content.decode()


def test_an_entry_by_hand_at_any_time_zone(web: Client, incident: Incident) -> None:
    form = {"text": "Paged the team", "at": "2026-03-29T01:30", "zone": "Europe/Berlin"}
    web.post(f"/INC-{incident.pk}/notes/", form)
    entry = incident.timeline.get(text="Paged the team")
    assert entry.at == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert entry.author
    assert entry.author.get_username() == "oncall"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"zone": "Mars/Olympus"}, "Choose a time zone"), ({"at": "noon"}, "Write a time"),
     ({"at": "2099-01-01T00:00"}, "lies in the future"), ({"text": " "}, "Write a note first")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    web: Client, incident: Incident, changes: dict[str, str], problem: str
) -> None:
    form = {"text": "x", "at": "2026-01-01T10:00", "zone": "UTC", **changes}
    answer = web.post(f"/INC-{incident.pk}/notes/", form, follow=True)
    assert problem in answer.content.decode()
    assert not incident.timeline.filter(kind="note").exists()


def test_entries_are_pinned_hidden_and_edited(web: Client, incident: Incident) -> None:
    entry = add_note(incident, "a wrong trail")
    path = f"/INC-{incident.pk}/timeline/{entry.pk}/"
    web.post(f"{path}mark/", {"what": "pinned"})
    assert '<span class="tag">pinned</span>' in page(web, incident)
    web.post(f"{path}mark/", {"what": "hidden"})
    assert "a wrong trail" not in page(web, incident)
    assert "a wrong trail" in page(web, incident, "?hidden=1")
    web.post(f"{path}mark/", {"what": "hidden"})
    web.post(path, {"text": "a right trail", "at": "2026-01-01T10:00", "zone": "UTC"})
    assert "(edited)" in page(web, incident)
    assert "a right trail" in page(web, incident)
    assert web.post(path, {"text": ""}).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"text": "It was never slow"}, id="edit"),
        pytest.param({"at": "2026-01-01T10:00:00Z"}, id="move"),
        pytest.param({"hidden": True}, id="hide"),
    ],
)
def test_a_responder_changes_own_notes_and_hides_or_edits_none_of_others(
    client: Client, incident: Incident, user: User, change: dict[str, Any]
) -> None:
    responder = User.objects.create_user("responder")
    give_role(responder, Role.RESPONDER)
    own, theirs = add_note(incident, "mine", responder), add_note(incident, "theirs", user)
    client.force_login(responder)
    for entry, status in ((theirs, 403), (own, 200)):
        before = TimelineEntry.objects.filter(pk=entry.pk).values()[0]
        address = f"/api/v1/timeline-entries/{entry.pk}/"
        assert client.patch(address, change, "application/json").status_code == status
        unchanged = TimelineEntry.objects.filter(pk=entry.pk).values()[0] == before
        assert unchanged is (status == 403)
    path = f"/INC-{incident.pk}/timeline/{theirs.pk}/"
    at = {"at": "2026-01-01T10:00", "zone": "UTC"}
    assert client.post(path, {"text": "x", **at}).status_code == 403
    client.post(f"{path}mark/", {"what": "hidden"})
    theirs.refresh_from_db()
    assert (theirs.text, theirs.hidden, theirs.edited_at) == ("theirs", False, None)


def test_long_silence_is_shown_as_a_gap(web: Client, user: User) -> None:
    start = timezone.now() - timedelta(hours=5)
    incident = file_incident(title="Quiet", impact_started_at=start)
    incident.timeline.all().delete()
    for minutes in (0, 20, 92):
        add_note(incident, f"after {minutes}", user, start + timedelta(minutes=minutes))
    assert page(web, incident).count("without an entry") == 1
    assert "1 h 12 min without an entry" in page(web, incident)


def test_a_stranger_cannot_touch_the_timeline_of_a_private_incident(
    client: Client, user: User, other: User
) -> None:
    secret = file_incident(title="Zebra", private=True, reporter=user)
    entry = add_note(secret, "zebra note", user)
    client.force_login(other)
    path = f"/INC-{secret.pk}/timeline/{entry.pk}/"
    assert client.get(path).status_code == 404
    assert client.post(f"{path}mark/", {"what": "hidden"}).status_code == 404
    public = file_incident(title="Public")
    assert client.get(f"/INC-{public.pk}/timeline/{entry.pk}/").status_code == 404
    assert TimelineEntry.objects.get(pk=entry.pk).hidden is False


def test_notices_are_counted_and_sent_once(web: Client, user: User, other: User) -> None:
    assert notify(user, "a", "The cause is back", "/knowledge/causes/")
    assert not notify(user, "a", "The cause is back", "/knowledge/causes/")
    notify(other, "b", "Not yours", "/")
    home = web.get("/").content.decode()
    assert 'aria-label="Notices, 1 unread"' in home
    assert '<span class="unread">1</span>' in home
    listed = web.get("/notices/").content.decode()
    assert "The cause is back" in listed
    assert "Not yours" not in listed
    notice = Notice.objects.get(user=user)
    assert web.post(f"/notices/{notice.pk}/")["Location"] == "/knowledge/causes/"
    read = web.get("/").content.decode()
    assert 'aria-label="Notices"' in read
    assert 'class="unread"' not in read
    foreign = Notice.objects.get(user=other)
    assert web.post(f"/notices/{foreign.pk}/").status_code == 404


def test_mail_is_sent_if_it_is_configured(
    user: User, incident: Incident, settings: object, mailoutbox: list[object],
    django_capture_on_commit_callbacks: object,
) -> None:  # fmt: skip
    settings.EMAIL_HOST = "mail.example"  # type: ignore[attr-defined]
    settings.PUBLIC_URL = "https://kb.example/"  # type: ignore[attr-defined]
    user.email = "oncall@example.org"
    user.save()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        notify(user, "a", "The cause is back", incident.get_absolute_url())
    [mail] = mailoutbox
    address = f"https://kb.example{incident.get_absolute_url()}"
    assert address in mail.body  # type: ignore[attr-defined]
