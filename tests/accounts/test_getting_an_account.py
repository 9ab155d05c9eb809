"""Who gets an account: by invitation or mail domain, by a proxy's header, by a directory."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.sign_in import directory, sign_up
from people.models import Account, GroupRule, Invitation, Membership, RoleGrant, Team

pytestmark = pytest.mark.django_db
NEW = "quiet-otters-swim-at-nine"
GIVEN = {"username": "ada", "password": NEW, "again": NEW}


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def invite(**changed: Any) -> str:
    fields = {"email": "ada@example.com", "role": "editor", **changed}
    fields.setdefault("expires_at", timezone.now() + timedelta(days=1))
    Invitation.objects.create(digest=sign_up.digest("token"), **fields)
    return reverse("accept-invitation", args=["token"])


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_an_invitation_makes_one_account_with_its_role_and_team(client: Client) -> None:
    link = invite(team=Team.objects.create(name="Payments"))
    page = client.get(link).content.decode()
    assert "ada@example.com" in page
    assert "Editor" in page
    for wrong in ({"again": "x"}, {"password": "123", "again": "123"}, {"username": "a b"}):
        assert client.post(link, {**GIVEN, **wrong}).status_code == 200, wrong
    assert not User.objects.exists()
    client.post(link, GIVEN)
    assert is_signed_in(client)
    ada = User.objects.get()
    assert (ada.username, ada.email) == ("ada", "ada@example.com")
    assert not ada.is_staff
    assert RoleGrant.objects.get(user=ada).role == "editor"
    assert Membership.objects.get(user=ada).team.name == "Payments"
    assert Client().post(link, {**GIVEN, "username": "eve"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"expires_at": timezone.now() - timedelta(seconds=1)}, id="expired"),
        pytest.param({"revoked_at": timezone.now()}, id="withdrawn"),
        pytest.param({"accepted_at": timezone.now()}, id="accepted"),
    ],
)
def test_a_closed_invitation_makes_none(changed: dict[str, Any], client: Client) -> None:
    link = invite(**changed)
    assert client.post(link, GIVEN).status_code == 404
    assert not User.objects.exists()


def test_guesses_at_invitations_are_limited(client: Client) -> None:
    codes = [
        client.post(reverse("accept-invitation", args=[f"guess{n}"]), GIVEN).status_code
        for n in range(12)
    ]
    assert (codes[0], codes[-1]) == (404, 429)


def test_a_username_that_differs_in_case_only_is_somebody_elses(client: Client, user: User) -> None:
    link = invite()
    page = client.post(link, {**GIVEN, "username": "OnCall"})
    assert "Somebody has this username" in page.content.decode()


def test_nobody_signs_up_by_default(client: Client) -> None:
    page = client.post(reverse("account_signup"), {"email": "ada@example.com"})
    assert "by invitation" in page.content.decode()
    assert not Invitation.objects.exists()


def test_people_of_a_listed_domain_get_a_link_by_mail_and_others_the_same_page(
    client: Client, settings: Any, user: User
) -> None:
    settings.SIGN_UP_DOMAINS = ["example.com"]
    User.objects.filter(pk=user.pk).update(email="oncall@example.com")
    addresses = ["ada@example.com", "oncall@example.com", "eve@evil.example", "e@notexample.com"]
    pages = [
        client.post(reverse("account_signup"), {"email": each}).content.decode()
        for each in addresses
    ]
    assert all("a link is on its way" in page for page in pages)
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]
    link = re.search(r"http\S+?(/sign-up/\S+)", str(mail.outbox[0].body))
    assert link
    client.post(link[1], GIVEN)
    assert is_signed_in(client)
    assert RoleGrant.objects.get(user__username="ada").role == "viewer"


@pytest.fixture
def proxy(settings: Any) -> None:
    settings.PROXY_USER_HEADER = "Remote-User"
    settings.PROXY_EMAIL_HEADER = "Remote-Email"
    settings.PROXY_GROUPS_HEADER = "Remote-Groups"
    settings.PROXY_ADDRESSES = ["10.1.0.0/16", "::1"]


@pytest.mark.usefixtures("proxy")
def test_the_header_of_the_proxy_signs_in_and_that_of_others_does_not(user: User) -> None:
    named: Any = {"HTTP_REMOTE_USER": "oncall"}
    for address, believed in (
        ("10.1.2.3", True), ("::1", True), ("10.2.0.1", False), ("127.0.0.1", False), ("", False),
    ):  # fmt: skip
        answer = Client(REMOTE_ADDR=address).get(reverse("account"), **named)
        assert (answer.status_code == 200) is believed, address
    # Saying to have come through the proxy does not help.
    forged: Any = {**named, "HTTP_X_FORWARDED_FOR": "10.1.2.3", "REMOTE_ADDR": "203.0.113.1"}
    assert Client().get(reverse("account"), **forged).status_code == 302


@pytest.mark.usefixtures("proxy")
def test_a_session_of_the_proxy_ends_with_the_header_and_never_becomes_somebody_elses(
    user: User, other: User
) -> None:
    client = Client(REMOTE_ADDR="10.1.2.3")
    page = client.get(reverse("account"), HTTP_REMOTE_USER="oncall")
    assert page.wsgi_request.user == user
    page = client.get(reverse("account"), HTTP_REMOTE_USER="other")
    assert page.wsgi_request.user == other
    assert client.get(reverse("account")).status_code == 302


@pytest.mark.usefixtures("proxy")
def test_somebody_new_behind_the_proxy_gets_an_account_where_sign_up_allows_it(
    settings: Any,
) -> None:
    client = Client(REMOTE_ADDR="10.1.2.3")
    GroupRule.objects.create(provider="proxy", group="sre", role="manager")
    named: Any = {"HTTP_REMOTE_USER": "ada", "HTTP_REMOTE_EMAIL": "ada@example.com",
             "HTTP_REMOTE_GROUPS": "sre, all"}  # fmt: skip
    assert client.get(reverse("account"), **named).status_code == 302
    assert not User.objects.exists()
    settings.SIGN_UP_DOMAINS = ["example.com"]
    assert client.get(reverse("account"), **named).status_code == 200
    assert RoleGrant.objects.get(user__username="ada").role == "manager"


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("who", ["deactivated", "service account"])
def test_the_proxy_signs_in_nobody_who_may_not(who: str, user: User) -> None:
    if who == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Account.objects.create(user=user, service_account=True)
    client = Client(REMOTE_ADDR="10.1.2.3")
    assert client.get(reverse("account"), HTTP_REMOTE_USER="oncall").status_code == 302


def entry(username: str = "ada", *groups: str) -> directory.Entry:
    return directory.Entry(username, f"{username}@example.com", "Ada", "L", frozenset(groups))


def test_people_of_a_directory_get_accounts_where_sign_up_allows_it(settings: Any) -> None:
    GroupRule.objects.create(provider="ldap", group="sre", role="responder")
    assert directory.person_of(entry("ada", "sre")) is None
    settings.SIGN_UP_PROVIDERS = ["ldap"]
    ada = directory.person_of(entry("ada", "sre"))
    assert ada
    assert RoleGrant.objects.get(user=ada).role == "responder"
    directory.person_of(entry("Ada"))
    assert not RoleGrant.objects.exists()
    assert User.objects.count() == 1


def test_a_directory_cannot_take_over_an_account_with_a_password_here(
    settings: Any, user: User
) -> None:
    settings.SIGN_UP_PROVIDERS = ["ldap"]
    assert directory.person_of(entry("oncall")) is None
