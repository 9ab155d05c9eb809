"""Signing in with the password of a real LDAP directory, by the sign-in page."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.sign_in import directory as ldap
from people.membership import give_role
from people.models import AuditEntry, GroupRule, Membership, Role, RoleGrant, Team
from tests.accounts import certificates, ldap_server
from tests.accounts.ldap_server import BASE, PASSWORD, Directory

pytestmark = pytest.mark.django_db
REFUSED = "No account has this username and password."
AWAY = "does not answer, so nobody can sign in with it now"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with ldap_server.running(tmp_path_factory.mktemp("ldap")) as found:
        yield found


@pytest.fixture(autouse=True)
def configured(server: Directory, settings: Any) -> None:
    cache.clear()
    settings.LDAP_URL = f"ldap://127.0.0.1:{server.plain}"
    settings.LDAP_BASE_DN = BASE
    settings.LDAP_BIND_DN = ldap_server.READER
    settings.LDAP_BIND_PASSWORD = ldap_server.READER_PASSWORD
    settings.LDAP_USER_FILTER = "(&(objectClass=inetOrgPerson)(|(uid={username})(mail={username})))"
    settings.SIGN_UP_PROVIDERS = ["ldap"]
    settings.AUTHENTICATION_BACKENDS = [
        *settings.AUTHENTICATION_BACKENDS, "accounts.backends.LdapBackend",
    ]  # fmt: skip


def come(name: str, password: str = PASSWORD) -> tuple[User | None, str]:
    """Who is signed in after this attempt, and what the page says."""
    browser = Client()
    # Attempts are limited by address, which is another test's matter.
    cache.clear()
    page = browser.post(reverse("login"), {"username": name, "password": password}, follow=True)
    shown = " ".join(page.content.decode().split())
    found = browser.get(reverse("account")).wsgi_request.user
    return (found if isinstance(found, User) else None), shown


def test_people_sign_in_with_their_password_and_are_in_the_groups_of_the_directory() -> None:
    payments = Team.objects.create(name="Payments")
    GroupRule.objects.create(provider="ldap", group="Dev, Ops (Köln)", team=payments)
    GroupRule.objects.create(provider="ldap", group=f"cn=sre,ou=groups,{BASE}", role="manager")
    GroupRule.objects.create(provider="", group="by-name", role="auditor")
    known = {
        "ada": ("ada", "Ada", {"manager", "auditor"}),
        "jürgen": ("jürgen", "Jürgen", {"manager"}),
        "ann": ("ann", "Ann", set()),
    }
    for typed, (username, first_name, roles) in known.items():
        user, page = come(typed)
        assert user, page
        assert (user.username, user.first_name) == (username, first_name)
        assert not user.has_usable_password()
        assert set(user.role_grants.values_list("role", flat=True)) == roles, typed
        assert Membership.objects.filter(user=user, team=payments).exists(), typed
    for typed in ("ADA", "ada@shop.example", " ada "):
        user, page = come(typed)
        assert user, page
        assert user.username == "ada"
        # Groups that name members by their username do so also for who types an address.
        assert user.role_grants.filter(role="auditor").exists(), typed
    assert User.objects.count() == 3


def test_a_role_ends_with_the_group_at_the_next_sign_in(server: Directory) -> None:
    GroupRule.objects.create(provider="ldap", group="sre", role="manager")
    user, _ = come("ada")
    assert user
    give_role(user, Role.RESPONDER)
    root, group = server.root(), f"cn=sre,ou=groups,{BASE}"
    member = [f"uid=ada,ou=people,{BASE}"]
    assert root.modify(group, {"member": [("MODIFY_DELETE", member)]})
    try:
        come("ada")
    finally:
        root.modify(group, {"member": [("MODIFY_ADD", member)]})
    assert [grant.role for grant in RoleGrant.objects.filter(user=user)] == ["responder"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ada", "wrong", id="wrong password"),
        pytest.param("ada", PASSWORD.upper(), id="password in another case"),
        pytest.param("nobody", PASSWORD, id="nobody of that name"),
        pytest.param("*", PASSWORD, id="asterisk"),
        pytest.param("ad*", PASSWORD, id="part and asterisk"),
        pytest.param("nobody)(uid=*", PASSWORD, id="filter that is closed and opened"),
        pytest.param("ada)(|(uid=*)", PASSWORD, id="filter with an alternative"),
        pytest.param("nobody\\2a", PASSWORD, id="escaped asterisk"),
        pytest.param("both", PASSWORD, id="two entries"),
        pytest.param("reader", ldap_server.READER_PASSWORD, id="outside of the filter"),
        pytest.param(f"uid=ada,ou=people,{BASE}", PASSWORD, id="whole name of the entry"),
    ],
)
def test_others_are_refused_by_the_same_sentence(name: str, password: str) -> None:
    user, page = come(name, password)
    assert user is None
    assert REFUSED in page
    assert not User.objects.exists()


def test_an_empty_password_is_never_sent_although_this_directory_would_accept_it(
    server: Directory,
) -> None:
    assert server.accepts_empty_password(f"uid=ada,ou=people,{BASE}")
    # Some of these are empty once a text is prepared as RFC 4013 says.
    for password in ("", "\x00", "\u00ad", "\u200b\u2060", " ", "\x01"):
        user, _ = come("ada", password)
        assert user is None, repr(password)
    assert ldap.find("ada", "") is None


def test_nobody_can_make_the_directory_seem_away_by_what_they_type() -> None:
    long = "x" * 600_000
    for name, password in (("ada", "\x01"), ("ada", long), (long, PASSWORD), ("\ufffe", "\uffff")):
        user, page = come(name, password)
        assert user is None
        assert AWAY not in page, name[:20]
    assert come("ada")[0]


def test_accounts_that_are_not_the_directorys_are_not_opened_by_it(user: User) -> None:
    ada, _ = come("ada")
    assert ada
    User.objects.filter(pk=ada.pk).update(is_active=False)
    for name in ("ada", "oncall"):
        found, page = come(name)
        assert found is None
        assert REFUSED in page
    found, _ = come("oncall", "pass-for-tests")
    assert found == user


def test_who_is_not_to_get_an_account_is_refused(settings: Any) -> None:
    settings.SIGN_UP_PROVIDERS = []
    assert REFUSED in come("ada")[1]
    settings.SIGN_UP_DOMAINS = ["shop.example"]
    assert come("ada")[0]


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("other"))[0]


@pytest.mark.parametrize("start_tls", [True, False], ids=["StartTLS", "ldaps"])
def test_encryption_trusts_only_the_authority_that_is_set_and_the_name_that_was_connected_to(
    start_tls: bool, server: Directory, other_authority: Path, settings: Any
) -> None:
    settings.LDAP_START_TLS = start_tls
    scheme, port = ("ldap", server.plain) if start_tls else ("ldaps", server.secure)
    for host, authority, accepted in (
        ("localhost", server.authority, True),
        ("localhost", other_authority, False),
        ("localhost", "", False),
        ("localhost", "/no/such/file.pem", False),
        ("127.0.0.1", server.authority, False),
    ):
        ldap._pause.clear()
        settings.LDAP_URL, settings.LDAP_CA_FILE = f"{scheme}://{host}:{port}", str(authority)
        user, page = come("ada")
        assert bool(user) is accepted, (host, authority)
        assert accepted or AWAY in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("LDAP_BIND_PASSWORD", "wrong", id="reader's password"),
        pytest.param("LDAP_BIND_PASSWORD", "", id="reader without password"),
        pytest.param("LDAP_BASE_DN", "dc=other,dc=example", id="unknown base"),
        pytest.param("LDAP_USER_FILTER", "(uid={username}", id="filter that is none"),
        pytest.param("LDAP_GROUP_FILTER", "(member={dn}", id="filter of groups that is none"),
        pytest.param("LDAP_URL", "ldap://", id="address that is none"),
    ],
)
def test_a_setting_that_is_wrong_lets_nobody_in_and_takes_no_role(
    name: str, value: str, settings: Any
) -> None:
    GroupRule.objects.create(provider="ldap", group="sre", role="manager")
    come("ada")
    setattr(settings, name, value)
    user, page = come("ada")
    assert user is None
    assert AWAY in page
    assert RoleGrant.objects.get().role == "manager"


def test_a_filter_with_attributes_that_this_directory_lacks_still_finds_people(
    settings: Any,
) -> None:
    settings.LDAP_USER_FILTER = "(|(sAMAccountName={username})(uid={username}))"
    settings.LDAP_GROUP_FILTER = "(|(msDS-Members={dn})(member={dn}))"
    GroupRule.objects.create(provider="ldap", group="sre", role="manager")
    assert come("ada")[0]
    assert RoleGrant.objects.get().role == "manager"


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody accepts and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("address", ["ldap://127.0.0.1:9", "ldap://silent", "ldaps://silent"])
def test_while_the_directory_is_away_the_page_says_so_and_passwords_of_here_work(
    address: str, silent: int, server: Directory, user: User, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(ldap, "TIMEOUT", 1)
    settings.LDAP_URL = address.replace("silent", f"127.0.0.1:{silent}")
    found, page = come("ada")
    assert found is None
    assert AWAY in page
    assert come("oncall", "pass-for-tests")[0] == user
    # Nobody waits for it again at once, so that it does not hold up all threads of the server.
    settings.LDAP_URL = f"ldap://127.0.0.1:{server.plain}"
    assert AWAY in come("ada")[1]
    now = ldap.time.monotonic()
    monkeypatch.setattr(ldap.time, "monotonic", lambda: now + ldap.AWAY_FOR + 1)
    assert come("ada")[0]


def test_the_last_administrator_of_a_group_stays_one_and_reads_why() -> None:
    GroupRule.objects.create(provider="ldap", group="sre", role="administrator")
    ada, _ = come("ada")
    GroupRule.objects.all().delete()
    again, page = come("ada")
    assert ada == again
    assert "no longer make you an administrator" in page
    assert RoleGrant.objects.get().role == "administrator"
    assert AuditEntry.objects.get(event="last_administrator.stays").record_name == "ada"


@pytest.mark.parametrize(
    ("dn", "name"),
    [
        ("cn=sre,ou=groups,dc=example", "sre"),
        ("CN=Dev\\, Ops,OU=Groups", "Dev, Ops"),
        ("cn=K\\C3\\B6ln,dc=example", "Köln"),
        ("cn=a\\\\b\\+c,dc=example", "a\\b+c"),
        ("cn=a+ou=b,dc=example", "a"),
        ("sre", ""),
        ("", ""),
        ("cn=\\", ""),
    ],
)
def test_the_first_part_of_a_name_is_read_as_it_is_meant(dn: str, name: str) -> None:
    assert ldap.first_part(dn) == name
