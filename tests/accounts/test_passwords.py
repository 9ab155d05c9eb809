"""Signing in with a password, the first one, a forgotten one, and limits on attempts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisDown

from accounts.sign_in import first_password
from incidents.models import ApiToken
from incidents.tokens import create_token
from people.models import Account

pytestmark = pytest.mark.django_db
PASSWORD = "pass-for-tests"
NEW = "quiet-otters-swim-at-nine"
FORGED = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def sign_in(client: Client, username: str = "oncall", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("login"), {"username": username, "password": password}, **more)


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_the_username_in_any_case_or_the_email_signs_in(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(email="oncall@example.com")
    for name in ("oncall", "oncall@example.com", "OnCall@Example.com"):
        answer = sign_in(client, name)
        assert answer.status_code == 302, answer.content.decode()
        assert is_signed_in(client)
        client.post(reverse("logout"))
        assert not is_signed_in(client)


def test_after_signing_in_the_page_that_was_wanted_opens_but_no_other_site(
    client: Client, user: User
) -> None:
    for wanted, opened in (
        ("/knowledge/causes/", "/knowledge/causes/"),
        ("//evil.example/", "/home/"),
    ):
        answer = client.post(
            f"{reverse('login')}?next={wanted}",
            {"username": "oncall", "password": PASSWORD, "next": wanted},
        )
        assert answer.headers["Location"] == opened
        client.post(reverse("logout"))


@pytest.mark.parametrize("who", ["deactivated", "service account"])
def test_some_accounts_cannot_sign_in(who: str, client: Client, user: User) -> None:
    if who == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Account.objects.create(user=user, service_account=True)
    sign_in(client)
    assert not is_signed_in(client)


def test_wrong_passwords_are_limited_by_account_but_not_in_a_browser_that_signed_in_before(
    client: Client, user: User
) -> None:
    own = Client()
    sign_in(own)
    own.post(reverse("logout"))
    for attempt in range(6):
        # Each from another address: the limit of an address is not what stops them.
        answer = sign_in(client, password="wrong", REMOTE_ADDR=f"198.51.100.{attempt}")
    assert "Too many wrong attempts" in answer.content.decode()
    # The right password does not help a stranger now, and its owner signs in all the same.
    assert sign_in(client, REMOTE_ADDR="198.51.100.77").status_code == 200
    assert sign_in(own, REMOTE_ADDR="198.51.100.1").status_code == 302
    own.post(reverse("logout"))
    # A cookie that somebody made up is not such a browser.
    client.cookies["known_device"] = "oncall:made-up"
    assert "Too many" in sign_in(client, REMOTE_ADDR="198.51.100.78").content.decode()


def test_the_limit_ends_by_itself(client: Client, user: User, monkeypatch: Any) -> None:
    import time

    for _ in range(6):
        answer = sign_in(client, password="wrong")
    assert "Too many wrong attempts" in answer.content.decode()
    now = time.time()
    monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: now + 301)
    assert sign_in(client).status_code == 302


def test_one_address_tries_no_long_list_of_accounts_and_cannot_say_it_is_another(
    client: Client, user: User
) -> None:
    for number in range(21):
        forged = {"HTTP_X_FORWARDED_FOR": f"203.0.113.{number}"}
        answer = sign_in(client, f"somebody{number}", "wrong", **forged)
    assert "Too many wrong attempts" in answer.content.decode()


def test_without_redis_people_sign_in_and_the_limits_hold(
    client: Client, user: User, monkeypatch: Any
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise RedisDown("Connection refused.")

    for name in ("add", "get", "set", "delete"):
        monkeypatch.setattr(f"django.core.cache.backends.redis.RedisCache.{name}", down)
    getattr(cache, "_own").clear()  # noqa: B009
    assert sign_in(client).status_code == 302
    stranger = Client()
    for _ in range(6):
        answer = sign_in(stranger, password="wrong")
    assert "Too many wrong attempts" in answer.content.decode()


def test_the_first_password_is_changed_before_anything_else_and_its_file_removed(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "first-password").write_text(PASSWORD)
    admin = User.objects.create_superuser("admin", password=PASSWORD)
    first_password.require_change(admin)
    sign_in(client, "admin")
    change = reverse("account_change_password")
    for page in ("/", "/knowledge/causes/", reverse("account"), "/people/", "/analysis/search/"):
        assert client.get(page).headers["Location"] == change, page
    assert client.get("/api/v1/incidents/").status_code == 403
    page = client.get(change).content.decode()
    assert "generated for you" in page
    given = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post(change, {**given, "password2": "other"}).status_code == 200
    assert (tmp_path / "first-password").exists()
    assert "end_tokens" not in page
    assert client.post(change, given).headers["Location"] == reverse("incidents:home")
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/incidents/").status_code == 200
    assert not (tmp_path / "first-password").exists()


@pytest.mark.parametrize("with_tokens", [False, True])
def test_changing_the_password_ends_other_sessions_and_tokens_on_request(
    with_tokens: bool, client: Client, user: User
) -> None:
    create_token(user, "script")
    elsewhere = Client()
    sign_in(elsewhere)
    sign_in(client)
    given = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(
        reverse("account_change_password"),
        {**given, **({"end_tokens": "on"} if with_tokens else {})},
    )
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert ApiToken.objects.get().is_valid is not with_tokens


def test_attempts_at_the_present_password_are_limited(client: Client, user: User) -> None:
    client.force_login(user)
    given = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    codes = [client.post(reverse("account_change_password"), given).status_code for _ in range(7)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(
    client: Client, user: User, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://kb.example.com"
    User.objects.filter(pk=user.pk).update(email="oncall@example.com")
    stranger = User.objects.create_user("sso", "sso@example.com")  # signs in elsewhere
    assert not stranger.has_usable_password()
    pages = set()
    for email in ("oncall@example.com", "sso@example.com", "nobody@example.com"):
        answer = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        pages.add(re.sub(r"nonce=\S+|token\S+ value\S+", "", answer.content.decode()))
    assert len({len(page) for page in pages}) == 1, "The page tells who has an account."
    assert [message.to for message in mail.outbox] == [["oncall@example.com"]]
    link = re.search(r"https://kb\.example\.com(/\S+)", str(mail.outbox[0].body))
    assert link, str(mail.outbox[0].body)
    page = client.get(link[1], follow=True)
    form = page.redirect_chain[-1][0]
    assert client.post(form, {"password1": "123", "password2": "123"}).status_code == 200
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert sign_in(client, password=NEW).status_code == 302
    again = Client().get(link[1], follow=True)
    assert "used already" in again.content.decode()


def test_without_a_mail_server_the_page_says_whom_to_ask(
    client: Client, user: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", ""
    page = client.post(reverse("account_reset_password"), {"email": "a@example.com"})
    assert "Ask an administrator" in page.content.decode()
    assert mail.outbox == []


def test_djangos_administration_has_no_sign_in_of_its_own(
    client: Client, user: User, settings: Any
) -> None:
    assert client.get("/admin/login/").status_code == 404
    settings.DJANGO_ADMIN = True
    for method in (client.get, client.post):
        answer = method("/admin/login/", {"username": "oncall", "password": PASSWORD})
        assert answer.headers["Location"].startswith(reverse("login"))
    assert not is_signed_in(client)


def test_passwords_can_be_switched_off(client: Client, user: User, settings: Any) -> None:
    settings.PASSWORD_SIGN_IN = False
    assert 'type="password"' not in client.get(reverse("login")).content.decode()
    sign_in(client)
    assert not is_signed_in(client)
