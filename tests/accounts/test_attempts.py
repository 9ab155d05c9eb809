"""Every address that takes a password, a code or a link of an account limits the attempts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import urls
from accounts.sign_in import directory

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "pass-for-tests", "quiet-otters-swim-at-nine"
NAMES = ("oncall", "OnCall", "oncall@example.com", "\uff4fncall", "on\u00adcall", "\u00f3ncall")
"""Ways to write one name, for this database or for a tolerant directory."""
MOST_TRIED = 40


@dataclass(frozen=True)
class Way:
    """An address, and how somebody guesses at one account, or at the account number n."""

    for_account: int
    """attempts before it refuses; 0: what is guessed is longer than anybody can guess"""
    for_address: int
    guess: Callable[[Client, str, int], Any]
    """browser, name of the account, number of the attempt"""
    begin: Callable[[Client, str], object] = lambda browser, name: None


def account_of(name: str) -> User:
    return User.objects.get(username=name)


def sign_in(browser: Client, name: str, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post(reverse("login"), {"username": name, "password": password}, **more)


def signed_in(browser: Client, name: str) -> None:
    browser.force_login(account_of(name))


def before_second_factor(browser: Client, name: str) -> None:
    TOTP.activate(account_of(name), "A" * 32)
    # Signing in counts too; what is tested here is what follows.
    sign_in(browser, name, REMOTE_ADDR=f"192.0.2.{account_of(name).pk % 250}")


def with_second_factor(browser: Client, name: str) -> None:
    before_second_factor(browser, name)
    browser.force_login(account_of(name))


def posting(address: str, **data: str) -> Callable[[Client, str, int], Any]:
    return lambda browser, name, number: browser.post(reverse(address), data)


def by_name(browser: Client, name: str, number: int) -> Any:
    return sign_in(browser, NAMES[number % len(NAMES)] if name == "oncall" else name, "wrong")


WAYS: dict[str, Way] = {
    "login": Way(5, 20, by_name),
    "account_reauthenticate": Way(
        5, 20, posting("account_reauthenticate", password="wrong"), signed_in
    ),
    "account_change_password": Way(
        5, 20,
        posting("account_change_password", oldpassword="wrong", password1=NEW, password2=NEW),
        signed_in,
    ),
    "mfa_authenticate": Way(
        5, 20, posting("mfa_authenticate", code="000000"), before_second_factor
    ),
    "mfa_reauthenticate": Way(
        5, 20, posting("mfa_reauthenticate", code="000000"), with_second_factor
    ),
    "account_reset_password": Way(
        3, 20,
        lambda browser, name, number: browser.post(
            reverse("account_reset_password"), {"email": f"{name}@example.com"}
        ),
    ),
    "account_reset_password_from_key": Way(
        0, 20,
        lambda browser, name, number: browser.post(
            reverse("account_reset_password_from_key", args=["1", f"guess-{number}"]),
            {"password1": NEW, "password2": NEW},
        ),
    ),
    "accept-invitation": Way(
        0, 10,
        lambda browser, name, number: browser.post(
            reverse("accept-invitation", args=[f"guess{number}"]), {"username": name}
        ),
    ),
    "mfa_login_webauthn": Way(0, 10, posting("mfa_login_webauthn", credential="{}")),
}  # fmt: skip
SAME_VIEW = {"account_login": "login", "account_reset_password_from_key_done": "login"}
NOTHING_TO_GUESS = {
    "logout", "account_logout", "account_signup", "account_inactive",
    "account_reset_password_done", "openid_connect_login", "openid_connect_callback", "saml_login",
    "saml_acs", "saml_finish_acs", "saml_sls", "saml_metadata", "socialaccount_login_cancelled",
    "socialaccount_login_error", "socialaccount_signup", "account", "mfa_index",
    "mfa_list_webauthn", "socialaccount_connections", "end-other-sessions", "end-session",
    "save-time-zone", "save-language",
    "mfa_reauthenticate_webauthn", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_add_webauthn",
    "mfa_remove_webauthn", "push-enable", "push-test", "push-remove", "service-worker", None,
}  # fmt: skip


def test_each_address_of_accounts_is_limited_or_has_nothing_to_guess() -> None:
    names = {pattern.name for pattern in urls.urlpatterns}
    assert names == set(WAYS) | set(SAME_VIEW) | NOTHING_TO_GUESS


@pytest.fixture(autouse=True)
def people(settings: Any) -> list[str]:
    cache.clear()
    settings.SIGN_UP_DOMAINS = ["example.com"]
    names = ["oncall", *(f"person{number}" for number in range(MOST_TRIED))]
    made = [User(username=name, email=f"{name}@example.com") for name in names]
    made[0].set_password(PASSWORD)
    for each in made:
        each.password = made[0].password
    User.objects.bulk_create(made)
    return names


def refused(answer: Any) -> bool:
    return answer.status_code == 429 or "Too many" in answer.content.decode()


def attempts_until_refused(guess: Callable[[int], Any]) -> int:
    return next((n for n in range(MOST_TRIED) if refused(guess(n))), MOST_TRIED)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.for_account])
def test_attempts_at_one_account_are_limited_from_wherever_and_for_a_while(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, browser = WAYS[name], Client()
    way.begin(browser, "oncall")

    def guess(number: int) -> Any:
        browser.defaults["REMOTE_ADDR"] = f"198.51.{number}.7"
        return way.guess(browser, "oncall", number)

    assert attempts_until_refused(guess) == way.for_account
    now = time.time() + 3601
    monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: now)
    assert not refused(guess(MOST_TRIED + 1)), "Nobody is locked out for ever."


@pytest.mark.parametrize("name", WAYS)
def test_attempts_from_one_address_are_limited_whosever_account_it_is(
    name: str, people: list[str]
) -> None:
    way = WAYS[name]

    def guess(number: int) -> Any:
        browser = Client()
        way.begin(browser, people[number])
        browser.defaults["REMOTE_ADDR"] = "203.0.113.9"
        return way.guess(browser, people[number], number)

    assert attempts_until_refused(guess) == way.for_address


def test_a_directory_is_asked_about_one_account_as_seldom(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.all().delete()
    asked: list[str] = []
    monkeypatch.setattr(directory, "find", lambda name, password: asked.append(name))
    settings.LDAP_URL = "ldap://directory.example"
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.LdapBackend"]
    for number in range(MOST_TRIED):
        sign_in(Client(), NAMES[number % len(NAMES)], "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    # An email address may be that of somebody else, as long as no account has it.
    assert len(asked) == 5 + 5
    assert {name for name in asked if "@" not in name} > {"oncall"}


def test_the_right_code_of_ones_own_account_buys_no_more_guesses_at_others(
    people: list[str],
) -> None:
    for number in range(20):
        sign_in(Client(), people[number], "wrong", REMOTE_ADDR="203.0.113.9")
    cheat = Client(REMOTE_ADDR="203.0.113.9")
    user = account_of("person39")
    TOTP.activate(user, "A" * 32)
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    sign_in(cheat, "person39", REMOTE_ADDR="192.0.2.9")
    assert cheat.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert refused(sign_in(Client(), people[25], "wrong", REMOTE_ADDR="203.0.113.9"))


def test_after_a_reset_by_mail_the_new_password_works_at_once(settings: Any) -> None:
    settings.PUBLIC_URL = "http://testserver"
    browser = Client(REMOTE_ADDR="198.51.100.1")
    while not refused(sign_in(browser, "oncall", "wrong")):
        pass
    browser.post(reverse("account_reset_password"), {"email": "oncall@example.com"})
    link = next(word for word in str(mail.outbox[0].body).split() if word.startswith("http"))
    page = browser.get(link.removeprefix("http://testserver"), follow=True)
    browser.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert sign_in(browser, "oncall", NEW).status_code == 302
