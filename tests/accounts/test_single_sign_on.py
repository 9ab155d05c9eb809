"""OpenID Connect and SAML: accounts, roles by group, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from oidc_provider_mock import app as provider_app
from werkzeug.serving import make_server

from accounts.sign_in import groups
from people.models import GroupRule, Membership, RoleGrant, Team

pytestmark = pytest.mark.django_db
ADA: dict[str, Any] = {
    "email": "ada@example.com", "email_verified": True, "preferred_username": "ada",
    "name": "Ada Lovelace", "groups": ["sre", "payments", "nobody-maps-this"],
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real OpenID Connect provider on a port of its own."""
    server = make_server("127.0.0.1", 0, provider_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def oidc(provider: str, settings: Any) -> str:
    cache.clear()
    app = {"provider_id": "oidc", "name": "Example", "client_id": "causebook", "secret": "s",
           "settings": {"server_url": provider, "verified_email": False,
                        "oauth_pkce_enabled": True}}  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}, "saml": {"APPS": []}}
    return provider


def come(provider: str, claims: dict[str, Any], subject: str = "ada-1") -> Client:
    """A browser that signs in with the provider as the person of these claims."""
    claims = {"sub": subject, **claims}
    httpx.put(f"{provider}/users/{subject}", json={k: v for k, v in claims.items() if k != "sub"},
              trust_env=False).raise_for_status()  # fmt: skip
    browser = Client()
    page = browser.post(reverse("openid_connect_login", args=["oidc"]))
    assert page.status_code == 200, "A page leads there: the CSP lets no form be redirected."
    target = page.context["target"]
    assert "code_challenge" in parse_qs(urlsplit(target).query)
    answer = httpx.post(target, data={"sub": subject}, trust_env=False)
    browser.last = browser.get(answer.headers["Location"], follow=True)  # type: ignore[attr-defined]
    return browser


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_groups_of_the_provider_are_roles_and_teams_and_follow_it_at_each_sign_in(
    oidc: str, settings: Any
) -> None:
    settings.SIGN_UP_DOMAINS = ["example.com"]
    payments = Team.objects.create(name="Payments")
    GroupRule.objects.create(provider="oidc", group="sre", role="manager")
    GroupRule.objects.create(provider="", group="payments", team=payments)
    GroupRule.objects.create(provider="saml", group="sre", role="administrator")
    assert is_signed_in(come(oidc, ADA))
    ada = User.objects.get()
    assert (ada.username, ada.email, ada.first_name) == ("ada", "ada@example.com", "Ada")
    assert not ada.has_usable_password()
    assert [grant.role for grant in RoleGrant.objects.filter(user=ada)] == ["manager"]
    assert Membership.objects.get(user=ada).team == payments
    come(oidc, {**ADA, "groups": ["payments"]})
    assert not RoleGrant.objects.filter(user=ada).exists()
    assert Membership.objects.filter(user=ada).exists()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("domains", "claims"),
    [
        pytest.param([], ADA, id="sign-up is closed"),
        pytest.param(["other.example"], ADA, id="another domain"),
        pytest.param(["example.com"], {**ADA, "email_verified": False}, id="not verified"),
        pytest.param(["example.com"], {"preferred_username": "ada"}, id="no email"),
    ],
)
def test_somebody_new_gets_no_account(
    domains: list[str], claims: dict[str, Any], oidc: str, settings: Any
) -> None:
    settings.SIGN_UP_DOMAINS = domains
    browser = come(oidc, claims)
    assert not is_signed_in(browser)
    assert "Ask an administrator" in browser.last.content.decode()  # type: ignore[attr-defined]
    assert not User.objects.exists()


@pytest.mark.parametrize("verified", [True, False])
def test_a_present_account_is_theirs_only_by_a_verified_email(
    verified: bool, oidc: str, user: User
) -> None:
    User.objects.filter(pk=user.pk).update(email="ada@example.com")
    browser = come(oidc, {**ADA, "email_verified": verified})
    assert is_signed_in(browser) is verified
    user.refresh_from_db()
    assert user.has_usable_password(), "The password is not lost by it."
    assert User.objects.count() == 1


def test_the_username_alone_is_nobodys_account(oidc: str, user: User, settings: Any) -> None:
    settings.SIGN_UP_PROVIDERS = ["oidc"]
    browser = come(oidc, {**ADA, "preferred_username": "oncall"})
    assert browser.get(reverse("account")).wsgi_request.user != user


def test_a_deactivated_person_stays_out(oidc: str, settings: Any) -> None:
    settings.SIGN_UP_PROVIDERS = ["oidc"]
    come(oidc, ADA)
    User.objects.update(is_active=False)
    assert not is_signed_in(come(oidc, ADA))


def test_a_provider_that_is_away_is_named_on_the_page(oidc: str, settings: Any) -> None:
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    for server in ("http://127.0.0.1:9", f"{oidc}/no-such"):
        app["settings"]["server_url"] = server
        page = Client().post(reverse("openid_connect_login", args=["oidc"]))
        assert page.status_code == 503
        assert "The identity provider does not answer" in page.content.decode()


def test_an_answer_that_nobody_asked_for_signs_nobody_in(oidc: str, user: User) -> None:
    answer = Client().get(reverse("openid_connect_callback", args=["oidc"]), {"code": "x"})
    assert "Not signed in" in answer.content.decode()


@pytest.mark.parametrize("name", ["openid_connect_login", "saml_login", "saml_acs"])
def test_what_is_not_set_up_is_not_found(name: str) -> None:
    assert Client().get(reverse(name, args=["other"]), follow=True).status_code == 404


@pytest.mark.parametrize(
    ("given", "claim", "found"),
    [
        ({"userinfo": {"groups": ["a", "b"]}}, "groups", {"a", "b"}),
        ({"userinfo": {}, "id_token": {"groups": ["a"]}}, "groups", {"a"}),
        ({"userinfo": {"groups": "a, b"}}, "groups", {"a", "b"}),
        ({"userinfo": {"realm_access": {"roles": ["a"]}}}, "realm_access.roles", {"a"}),
        ({"userinfo": {"groups": {"a": 1}}}, "groups", set()),
        ({"userinfo": {"groups": ["x" * 301, "", 7]}}, "groups", {"7"}),
        ({}, "groups", set()),
    ],
)
def test_groups_are_read_as_providers_send_them(
    given: dict[str, Any], claim: str, found: set[str], settings: Any
) -> None:
    settings.OIDC_GROUPS_CLAIM = claim
    assert groups.of_claims(given) == found
