"""Codes of an app, recovery codes, and who must have a second factor."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
PASSWORD = "pass-for-tests"


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def sign_in(client: Client, username: str = "oncall") -> Any:
    return client.post(reverse("login"), {"username": username, "password": PASSWORD})


def code_of(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def add_app(client: Client) -> str:
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"secret: <code>(\w+)</code>", page)
    assert secret, page
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[1])})
    assert answer.status_code == 302, answer.content.decode()
    return secret[1]


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_with_an_app_the_password_alone_does_not_sign_in_and_a_code_works_once(
    user: User,
) -> None:
    first, second, third = Client(), Client(), Client()
    sign_in(first)
    secret = add_app(first)
    assert secret not in str(Authenticator.objects.get(type="totp").data), "It is stored sealed."
    assert sign_in(second).headers["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(second)
    code = code_of(secret, 1)
    assert "not valid" in second.post(reverse("mfa_authenticate"), {"code": "1"}).content.decode()
    second.post(reverse("mfa_authenticate"), {"code": code})
    assert is_signed_in(second)
    sign_in(third)
    third.post(reverse("mfa_authenticate"), {"code": code})
    assert not is_signed_in(third)


def test_each_recovery_code_signs_in_once(user: User) -> None:
    first, second, third = Client(), Client(), Client()
    sign_in(first)
    add_app(first)
    page = first.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = re.findall(r"^(?:.*<pre>)?(\d{8})$", page, re.MULTILINE)
    assert len(codes) == 10
    for client, works in ((second, True), (third, False)):
        sign_in(client)
        client.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert is_signed_in(client) is works


def test_guesses_at_codes_are_limited(user: User) -> None:
    client, stranger = Client(), Client()
    sign_in(client)
    add_app(client)
    sign_in(stranger)
    for _ in range(6):
        answer = stranger.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Too many wrong attempts" in answer.content.decode()


@pytest.mark.parametrize(
    ("setting", "editor", "administrator"),
    [("none", False, False), ("administrators", False, True), ("all", True, True)],
)
def test_who_must_have_one_gets_no_page_before(
    setting: str, editor: bool, administrator: bool, user: User, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = setting
    User.objects.create_superuser("root", password=PASSWORD)
    for name, required in (("oncall", editor), ("root", administrator)):
        client = Client()
        sign_in(client, name)
        for page in ("/", "/knowledge/causes/"):
            assert (client.get(page).status_code == 302) is required, (name, page)
        assert (client.get("/api/v1/incidents/").status_code == 403) is required
        if required:
            assert "second factor is required" in client.get(reverse("account")).content.decode()
            add_app(client)
            assert client.get("/").status_code == 200


def test_a_required_factor_cannot_be_removed(user: User, settings: Any) -> None:
    client = Client()
    sign_in(client)
    add_app(client)
    settings.REQUIRE_SECOND_FACTOR = "all"
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(type="totp").exists()
    settings.REQUIRE_SECOND_FACTOR = "none"
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()


def test_a_change_of_factors_long_after_signing_in_needs_the_password_again(
    user: User, settings: Any
) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    client = Client()
    sign_in(client)
    answer = client.get(reverse("mfa_activate_totp"))
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    wrong = client.post(answer.headers["Location"], {"password": "wrong"})
    assert "not your password" in wrong.content.decode()
