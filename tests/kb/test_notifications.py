"""Channels and subscribers get what their rules select, in time, once, and nothing private."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.api import streams
from incidents.filing import file_incident, set_status
from incidents.models import Event, Incident, Service
from incidents.retention import delete_old_events
from incidents.tokens import create_token
from kb import notifications
from kb.causes.fixes import mark_fixed
from kb.causes.linking import link_cause, name_cause
from kb.chat.base import OutboundRequest
from kb.chatops.outbound import NotSent, send
from kb.models import NotificationDelivery, NotificationRule, Workspace
from kb.postmortems.action_items import add_action, remind_owners_of_due_items
from kb.postmortems.editing import publish, save_postmortem, start_postmortem
from tests.misbehaving_server import Behaving

pytestmark = pytest.mark.django_db
SECRET = "a secret of sixteen"
Received = list[tuple[str, dict[str, str], bytes]]


@pytest.fixture
def received(server: Callable[[Any], str]) -> Iterator[tuple[str, Received, list[int]]]:
    """A subscriber's server: its address, what it took, and the statuses it answers next."""
    requests: Received = []
    statuses: list[int] = []

    def behaviour(self: Any) -> None:
        self.reply(statuses.pop(0) if statuses else 200, b"{}")

    def post(self: Any) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        behaviour(self)

    original = Behaving.do_POST
    Behaving.do_POST = post  # type: ignore[method-assign]
    yield server(behaviour), requests, statuses
    Behaving.do_POST = original  # type: ignore[method-assign]


@pytest.fixture
def subscriber(received: tuple[str, Received, list[int]]) -> Workspace:
    row = Workspace(kind="webhook", name="Ours", settings={"url": f"{received[0]}/events"})
    row.secrets = {"secret": SECRET}
    row.save()
    return row


def rule(workspace: Workspace, *events: str, **fields: Any) -> NotificationRule:
    return NotificationRule.objects.create(workspace=workspace, events=list(events), **fields)


def test_it_sends_a_new_incident_once_and_signs_the_bytes_sent(
    subscriber: Workspace, received: Any, database: Service
) -> None:
    rule(subscriber, "incident.filed")
    incident = file_incident(title="orders-db is slow", services=[database], severity="SEV2")
    assert notifications.deliver_due() == 1
    assert notifications.deliver_due() == 0
    [(path, headers, body)] = received[1]
    assert path == "/events"
    data = json.loads(body)
    assert data["event"]["kind"] == "incident.filed"
    assert data["event"]["incident"]["reference"] == incident.reference
    stamp = headers["x-causebook-timestamp"].encode()
    expected = hmac.new(SECRET.encode(), stamp + b"." + body, hashlib.sha256).hexdigest()
    assert headers["x-causebook-signature"] == f"sha256={expected}"


def test_it_retries_a_failed_delivery_and_gives_up_after_a_while(
    subscriber: Workspace, received: Any
) -> None:
    rule(subscriber, "incident.filed")
    file_incident(title="x is down")
    received[2].extend([500] * 20)
    assert notifications.deliver_due() == 0
    delivery = NotificationDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert "answered 500" in delivery.error
    assert delivery.not_before > timezone.now()
    for _ in range(10):
        NotificationDelivery.objects.update(not_before=timezone.now())
        notifications.deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("failed", notifications.MAX_ATTEMPTS)
    received[2].clear()
    notifications.deliver_again(delivery)
    assert notifications.deliver_due() == 1


def test_a_subscriber_that_is_down_does_not_delay_others(
    subscriber: Workspace, received: Any
) -> None:
    down = Workspace(kind="webhook", name="Down", settings={"url": "http://127.0.0.1:9/x"})
    down.secrets = {"secret": SECRET}
    down.save()
    for workspace in (down, subscriber):
        rule(workspace, "incident.filed")
    for n in range(3):
        file_incident(title=f"Number {n}")
    assert notifications.deliver_due() == 3
    tried = NotificationDelivery.objects.filter(rule__workspace=down)
    assert sorted(tried.values_list("attempts", flat=True)) == [0, 0, 1]


def test_it_sends_nothing_of_incidents_that_are_private_or_became_so(
    subscriber: Workspace, received: Any, user: User
) -> None:
    rule(subscriber, "incident.filed", "postmortem.published", "action.overdue")
    secret = file_incident(title="Zebrafish leak", private=True, reporter=user)
    public = file_incident(title="x is down")
    postmortem = start_postmortem([public, secret], user)
    save_postmortem(postmortem, user, base_version=1, title="Zebrafish", body="zebrafish")
    add_action(postmortem, title="Zebrafish", due_on=timezone.now().date() - timedelta(days=2),
               owner=user)  # fmt: skip
    publish(postmortem)
    remind_owners_of_due_items()
    notifications.create_deliveries()
    Incident.objects.filter(pk=public.pk).update(private=True)
    notifications.deliver_due()
    assert not received[1]
    assert "became private" in NotificationDelivery.objects.get().error


def test_rules_select_by_kind_severity_and_team(
    subscriber: Workspace, received: Any, database: Service
) -> None:
    database.owner_team = "Data"
    database.save()
    rule(subscriber, "incident.filed", severity="SEV2", team="data")
    file_incident(title="mild", services=[database], severity="SEV3")
    file_incident(title="elsewhere", severity="SEV1")
    ours = file_incident(title="ours", services=[database], severity="SEV2")
    set_status(ours, "resolved")
    notifications.deliver_due()
    assert [json.loads(body)["event"]["incident"]["title"] for *_, body in received[1]] == ["ours"]


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("UTC", "2026-03-01T23:30:00+00:00", "2026-03-02T06:30:00+00:00"),
        ("UTC", "2026-03-01T05:00:00+00:00", "2026-03-01T06:30:00+00:00"),
        ("UTC", "2026-03-01T12:00:00+00:00", "2026-03-01T12:00:00+00:00"),
        # In the night in which summer time begins, half past six still is when it ends.
        ("Europe/Berlin", "2026-03-28T22:30:00+00:00", "2026-03-29T04:30:00+00:00"),
    ],
)
def test_notifications_wait_for_the_end_of_quiet_hours(
    subscriber: Workspace, zone: str, now: str, until: str
) -> None:
    quiet = rule(subscriber, "incident.filed", quiet_from=time(22), quiet_until=time(6, 30),
                 zone=zone)  # fmt: skip
    event = Event(kind="incident.filed", incident=file_incident(title="x", severity="SEV2"))
    at = datetime.fromisoformat(now)
    assert notifications.send_time(quiet, event, at).astimezone(UTC) == datetime.fromisoformat(
        until
    )
    event.incident.severity = "SEV1"
    assert notifications.send_time(quiet, event, at) == at


def test_it_rejects_an_invalid_rule_by_field(subscriber: Workspace) -> None:
    for fields, name in (
        ({"events": []}, "events"), ({"events": ["x"]}, "events"), ({"zone": "Mars"}, "zone"),
        ({"quiet_from": time(1)}, "__all__"),
    ):  # fmt: skip
        row = NotificationRule(workspace=subscriber, **{"events": ["incident.filed"], **fields})
        with pytest.raises(ValidationError) as caught:
            notifications.check_rule(row)
        assert name in caught.value.message_dict


def test_events_are_recorded_with_the_changes(
    incident: Incident, user: User, database: Service
) -> None:
    link = name_cause(incident, "Missing index", author=user)
    set_status(incident, "resolved", user)
    mark_fixed(link.cause, user)
    back = file_incident(title="again", services=[database])
    link_cause(back, link.cause, state="confirmed", author=user)
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [
        "incident.filed", "cause.confirmed", "incident.resolved", "incident.filed",
        "cause.confirmed", "cause.returned",
    ]  # fmt: skip
    Event.objects.update(at=timezone.now() - timedelta(days=31))
    delete_old_events()
    assert not Event.objects.exists()


def test_it_hides_a_secret_in_a_title(subscriber: Workspace, received: Any) -> None:
    rule(subscriber, "incident.filed")
    file_incident(title="login fails with password=hunter22")
    notifications.deliver_due()
    [(_, _, body)] = received[1]
    assert b"hunter22" not in body
    assert b"login fails with" in body


def test_it_sends_to_no_address_that_is_not_configured(subscriber: Workspace) -> None:
    for url in ("http://169.254.169.254/latest", "https://evil.example/x", "file:///etc/passwd"):
        with pytest.raises(NotSent):
            send(subscriber, OutboundRequest(url, {}))


def test_the_event_stream_resumes_after_the_last_event(
    incident: Incident, user: User, other: User
) -> None:
    file_incident(title="Zebrafish leak", private=True, reporter=user)
    Event.objects.update(at=timezone.now() - timedelta(seconds=5))
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(other, 'x')[1]}")
    answer = api.get("/api/v1/events/stream/?seconds=1", headers={"Last-Event-ID": "1"})
    text = b"".join(answer).decode()
    first = Event.objects.order_by("pk")[0]
    assert answer["Content-Type"] == "text/event-stream"
    if first.pk > 1:
        assert f"id: {first.pk}\nevent: incident.filed\ndata: " in text
        assert incident.reference in text
    assert "Zebrafish" not in text
    last = {"Last-Event-ID": str(Event.objects.latest("pk").pk)}
    rest = api.get("/api/v1/events/stream/?seconds=1", headers=last)
    assert b"id:" not in b"".join(rest)
    assert api.get("/api/v1/events/stream/?seconds=x").status_code == 400
    rows = api.get("/api/v1/events/").data["results"]
    assert [row["incident"] for row in rows] == [incident.pk]


def test_a_stream_closed_unread_frees_its_place(user: User, settings: Any) -> None:
    settings.EVENT_STREAMS_PER_PERSON = 2
    for _ in range(6):
        streams.EventStream(streams.Listener(user, 1)).close()


def test_one_person_cannot_take_all_places_of_the_stream(
    user: User, other: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever tokens: each of them listens in a tab that stays open."""

    def listen(who: User) -> Any:
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(who, 'x')[1]}")
        return api.get("/api/v1/events/stream/")

    monkeypatch.setattr(streams, "LONGEST", 0.1)
    settings.EVENT_STREAMS, settings.EVENT_STREAMS_PER_PERSON = 3, 2
    open_streams = [listen(user), listen(user)]
    refused = listen(user)
    assert (refused.status_code, refused["Retry-After"]) == (429, "5")
    assert "close one of them" in refused.content.decode()
    open_streams.append(listen(other))
    assert open_streams[-1].status_code == 200, "another person still has a place"
    assert listen(other).status_code == 429, "all places together have a limit too"
    for stream in open_streams:
        assert b"retry" in b"".join(stream)
    again = listen(user)
    assert again.status_code == 200
    assert b"retry" in b"".join(again)


def test_an_administrator_adds_a_workspace_and_a_rule_in_the_browser(
    client: Client, django_user_model: Any, server: Any
) -> None:
    client.force_login(django_user_model.objects.create_superuser("root"))
    page = client.get("/knowledge/chat/new/slack/")
    assert page.status_code == 200
    wrong = client.post("/knowledge/chat/new/slack/", {"workspace_name": "Ours"})
    assert wrong.status_code == 422
    form = {"workspace_name": "Ours", "secret": "hush-hush", "mark": "pushpin", "enabled": "on"}
    assert client.post("/knowledge/chat/new/slack/", form).status_code == 302
    row = Workspace.objects.get()
    assert row.secrets["secret"] == "hush-hush"
    edit = client.get(f"/knowledge/chat/{row.pk}/edit/")
    assert "hush-hush" not in edit.content.decode()
    client.post(f"/knowledge/chat/{row.pk}/edit/", {**form, "secret": "", "bot_token": "xoxb-1"})
    row.refresh_from_db()
    assert row.secrets == {"secret": "hush-hush", "bot_token": "xoxb-1"}
    new_rule = {"channel": "C1", "events": ["incident.filed"], "severity": "SEV2", "zone": "UTC"}
    address = f"/knowledge/chat/{row.pk}/rules/new/"
    assert client.post(address, {**new_rule, "zone": "Mars"}).status_code == 422
    assert client.post(address, new_rule).status_code == 302
    page = client.get(f"/knowledge/chat/{row.pk}/")
    assert "An incident was filed" in page.content.decode()
    assert f"/chat/{row.slug}/" in page.content.decode()


def test_only_administrators_see_workspaces(web: Client) -> None:
    assert web.get("/knowledge/chat/").status_code == 403
    assert web.get("/knowledge/chat/me/").status_code == 200
