"""Second factors after a change of SECRET_KEY: said in words, with the cure, and never an error."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from config.backup.seals import unreadable
from tests.accounts.test_second_factor import add_app, code_of, is_signed_in, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


@pytest.fixture
def secret(user: User) -> str:
    """Of the app that the person added while the former key was the key."""
    client = Client()
    sign_in(client)
    return add_app(client)


def signed_in(user: User) -> Client:
    """As with a passkey, which needs no key."""
    client = Client()
    client.force_login(user)
    return client


def test_a_code_that_cannot_be_checked_says_who_can_help(secret: str, settings: Any) -> None:
    settings.SECRET_KEY = "another"
    client = Client()
    sign_in(client)
    for code in (code_of(secret, 1), "12345678"):
        answer = client.post(reverse("mfa_authenticate"), {"code": code})
        assert answer.status_code == 200
        said = answer.content.decode()
        assert "another SECRET_KEY" in said
        assert "administrator" in said
    assert not is_signed_in(client)


def test_confirming_with_a_code_says_so_too(user: User, secret: str, settings: Any) -> None:
    settings.SECRET_KEY = "another"
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    answer = signed_in(user).post(reverse("mfa_reauthenticate"), {"code": code_of(secret, 1)})
    assert answer.status_code == 200
    assert "another SECRET_KEY" in answer.content.decode()


def test_the_account_page_says_what_to_do_and_it_works(
    user: User, secret: str, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 10**10
    client = signed_in(user)
    page = client.get(reverse("account"))
    assert page.status_code == 200
    assert "Remove the app and add it again" in page.content.decode()
    codes = client.get(reverse("mfa_view_recovery_codes"), follow=True)
    assert "make new ones" in codes.content.decode()
    client.post(reverse("mfa_generate_recovery_codes"))
    shown = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert len(re.findall(r"^(?:.*<pre>)?(\d{8})$", shown, re.MULTILINE)) == 10
    client.post(reverse("mfa_deactivate_totp"))
    add_app(client)
    assert "SECRET_KEY" not in client.get(reverse("account")).content.decode()


def test_whoever_runs_the_server_removes_the_factors_of_the_last_administrator(
    user: User, secret: str, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    inside = signed_in(user)
    out = StringIO()
    call_command("remove_second_factors", user.username, stdout=out)
    assert "without a second factor" in out.getvalue()
    assert not is_signed_in(inside)
    client = Client()
    sign_in(client)
    assert is_signed_in(client)
    with pytest.raises(CommandError, match="no account named nobody"):
        call_command("remove_second_factors", "nobody")


def test_resealing_includes_second_factors(user: User, secret: str, settings: Any) -> None:
    before = {each.type: each.data for each in Authenticator.objects.all()}
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "newer"
    out = StringIO()
    call_command("reseal_secrets", stdout=out)
    assert out.getvalue() == "2 sealed with the newest key.\n"
    settings.SECRET_KEY_FALLBACKS = []
    after = {each.type: each.data for each in Authenticator.objects.all()}
    assert after["recovery_codes"]["used_mask"] == before["recovery_codes"]["used_mask"]
    client = Client()
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret, 1)})
    assert is_signed_in(client)


def test_health_and_backups_count_second_factors_that_no_key_opens(
    secret: str, client: Client, settings: Any
) -> None:
    assert unreadable().count == 0
    settings.SECRET_KEY = "another"
    assert unreadable().count == 2
    checks = client.get("/readyz").content.decode()
    assert "SECRET_KEY_FALLBACKS" in checks
