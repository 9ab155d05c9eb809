"""Sessions are listed and ended, end in time, and take event streams along."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.people import states
from accounts.people.service_accounts import create_service_account
from accounts.sign_in.sessions import device_name
from incidents.api import streams
from incidents.filing import file_incident
from incidents.models import ApiToken
from incidents.tokens import create_token
from people.membership import apply_groups, give_role
from people.models import GroupRule, Role

pytestmark = pytest.mark.django_db
PASSWORD = "pass-for-tests"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Safari/604.1"


def signed_in(agent: str, address: str, username: str = "oncall") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.post(reverse("login"), {"username": username, "password": PASSWORD})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_never_those_of_others(
    user: User, other: User
) -> None:
    desk, phone = signed_in(FIREFOX, "192.0.2.1"), signed_in(PHONE, "192.0.2.2")
    third = signed_in("curl", "192.0.2.3")
    stranger = signed_in(FIREFOX, "192.0.2.9", "other")
    page = desk.get(reverse("account")).content.decode()
    for words in ("Firefox on Linux", "Safari on iPhone", "curl", "192.0.2.2", "this one"):
        assert words in page
    assert "192.0.2.9" not in page
    ends = {each.address: reverse("end-session", args=[each.pk])
            for each in desk.get(reverse("account")).context["sessions"]}  # fmt: skip
    stranger.post(ends["192.0.2.2"])
    assert is_signed_in(phone)
    desk.post(ends["192.0.2.2"])
    assert [is_signed_in(each) for each in (desk, phone, third)] == [True, False, True]
    desk.post(reverse("end-other-sessions"))
    assert [is_signed_in(each) for each in (desk, third, stranger)] == [True, False, True]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("", "Unknown device"),
    ],
)
def test_devices_are_named_in_words(agent: str, name: str) -> None:
    assert device_name(agent) == name


def later(monkeypatch: Any, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr("accounts.sign_in.sessions.time.time", lambda: now)


def test_a_session_ends_when_idle_and_what_a_page_asks_by_itself_is_not_use(
    user: User, settings: Any, monkeypatch: Any
) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    idle, used = signed_in(FIREFOX, "192.0.2.1"), signed_in(FIREFOX, "192.0.2.2")
    start = time.time()
    for minutes in (20, 40, 60):
        monkeypatch.setattr("accounts.sign_in.sessions.time.time", lambda m=minutes: start + m * 60)
        assert used.get("/").status_code == 200
        answer = idle.get(reverse("incidents:list"), headers={"HX-Request": "true"})
        assert (answer.status_code == 200) is (minutes <= 30), minutes


def test_a_session_ends_after_its_longest_time_however_much_it_is_used(
    user: User, settings: Any, monkeypatch: Any
) -> None:
    settings.SESSION_MAX_HOURS = 2
    client, start = signed_in(FIREFOX, "192.0.2.1"), time.time()
    for minutes, open_still in ((50, True), (100, True), (130, False)):
        monkeypatch.setattr("accounts.sign_in.sessions.time.time", lambda m=minutes: start + m * 60)
        assert is_signed_in(client) is open_still, minutes


def test_a_deactivated_person_is_out_at_once_with_session_and_token(user: User) -> None:
    browser, api = signed_in(FIREFOX, "192.0.2.1"), APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, 'script')[1]}")
    assert api.get("/api/v1/incidents/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_signed_in(browser)
    assert api.get("/api/v1/incidents/").status_code == 401


END: dict[str, Callable[[User, Any], Any]] = {
    "token revoked": lambda user, _: ApiToken.objects.update(revoked_at=timezone.now()),
    "token expired": lambda user, _: ApiToken.objects.update(expires_at=timezone.now()),
    "person deactivated, token": lambda user, _: User.objects.update(is_active=False),
    "person deactivated, session": lambda user, _: User.objects.update(is_active=False),
    "superuser or not, token": lambda user, _: User.objects.update(is_superuser=True),
    "superuser or not, session": lambda user, _: User.objects.update(is_superuser=True),
    "session ended": lambda user, browser: browser.session.delete(),
    "password changed": lambda user, _: User.objects.update(password="another"),
}


@pytest.mark.parametrize("how", END)
def test_a_stream_of_events_ends_at_once(how: str, user: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "POLL", 0.01)
    client: Any = APIClient()
    if "token" in how:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, 'script')[1]}")
    else:
        client = signed_in(FIREFOX, "192.0.2.1")
    stream = client.get("/api/v1/events/stream/?seconds=60").streaming_content
    assert next(stream) == b"retry: 2000\n\n"
    END[how](user, client)
    start = time.monotonic()
    assert list(stream) == []
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("way", ["token", "session"])
def test_what_a_group_opened_is_closed_in_an_open_stream_once_the_group_is_lost(
    way: str, user: User, other: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(streams, "POLL", 0.01)
    monkeypatch.setattr(streams, "SETTLED", timedelta(0))
    give_role(other, Role.ADMINISTRATOR)
    GroupRule.objects.create(provider="oidc", group="sre", role="administrator")
    apply_groups(user, "oidc", ["sre"])
    client: Any = APIClient()
    if way == "token":
        text = create_token(user, "script", "admin")[1]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    else:
        client = signed_in(FIREFOX, "192.0.2.1")
    assert client.get("/api/v1/people/").status_code == 200

    def happens(title: str, private: bool) -> None:
        file_incident(title=title, services=[], reporter=other, private=private)

    stream = client.get("/api/v1/events/stream/?seconds=2").streaming_content
    next(stream)
    happens("Breach one", private=True)
    assert b"Breach one" in next(stream)
    apply_groups(user, "oidc", [])
    happens("Breach two", private=True)
    happens("Orders down", private=False)
    rest = b"".join(stream)
    assert b"Orders down" in rest
    assert b"Breach two" not in rest
    assert client.get("/api/v1/people/").status_code == 403
    assert client.get("/api/v1/incidents/").status_code == 200


def test_a_service_account_that_is_deactivated_is_out_at_once(user: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "POLL", 0.01)
    give_role(user, Role.ADMINISTRATOR)
    program = create_service_account("ci", user, Role.RESPONDER)
    api: Any = APIClient()
    text = create_token(program, "deploys", "file", by=user)[1]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    stream = api.get("/api/v1/events/stream/?seconds=60").streaming_content
    next(stream)
    states.deactivate(program, user)
    start = time.monotonic()
    assert list(stream) == []
    assert time.monotonic() - start < 5
    assert api.get("/api/v1/incidents/").status_code == 401
    states.reactivate(program, user)
    assert api.get("/api/v1/incidents/").status_code == 401, "Its tokens stay ended."


def test_the_api_with_a_session_needs_the_csrf_token(user: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post("/api/v1/incidents/", {"title": "x"}, format="json").status_code == 403
