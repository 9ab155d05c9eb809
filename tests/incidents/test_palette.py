"""The command palette: pages, records and acts by a few letters, and only what somebody may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from incidents import palette
from incidents.filing import file_incident, set_status
from incidents.models import Service
from kb.causes.linking import create_cause, link_cause
from kb.postmortems.editing import start_postmortem
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_superuser("admin", password="pass-for-tests")


@pytest.fixture
def viewer(django_user_model: type[User]) -> User:
    person = django_user_model.objects.create_user("viewer")
    give_role(person, Role.VIEWER)
    return person


def shown(person: User, text: str = "") -> dict[str, list[str]]:
    """Labels by group."""
    return {
        group.title: [entry.label for entry in group.entries]
        for group in palette.groups_for(person, text)
    }


def test_every_page_of_every_package_exists_and_has_a_name_of_its_own() -> None:
    pages = [page for pages in palette.PAGES.values() for page in pages]
    assert {"knowledge", "analysis", "practice", "accounts"} < set(palette.PAGES)
    assert all(reverse(page.view) for page in pages)
    assert len({page.label for page in pages}) == len(pages)


def test_a_page_is_found_by_the_beginnings_of_its_words(admin: User) -> None:
    assert shown(admin, "act it")["Go to"] == ["Action items"]
    assert shown(admin, "SLO")["Go to"] == ["Objectives"]
    assert shown(admin, "serv")["Go to"][0] == "Services"


def test_every_page_that_it_offers_opens(admin: User, viewer: User, client: Client) -> None:
    for person in (admin, viewer):
        client.force_login(person)
        for pages in palette.PAGES.values():
            for page in pages:
                name = str(page.label)
                offered = name in shown(person, name).get("Go to", [])
                status = client.get(reverse(page.view)).status_code
                assert status == 200 if offered else status in (302, 403), (person, page)


def test_a_viewer_is_offered_no_act_and_no_page_of_administrators(viewer: User) -> None:
    assert "People" not in shown(viewer, "people").get("Go to", [])
    assert "Act" not in shown(viewer, "checkout slow")
    assert "File an incident" not in shown(viewer, "file").get("Go to", [])


def test_records_of_every_kind_are_found(admin: User) -> None:
    Service.objects.create(name="orders-db")
    incident = file_incident(title="orders-db deadlocks", reporter=admin)
    cause = create_cause(name="Deadlocks of orders-db")
    link_cause(incident, cause, author=admin)
    start_postmortem([incident], author=admin)
    found = shown(admin, "orders-db")
    assert found["Services"] == ["orders-db"]
    assert found["Incidents"] == [f"INC-{incident.pk} orders-db deadlocks"]
    assert found["Causes"] == ["Deadlocks of orders-db"]
    assert "deadlocks" in found["Postmortems"][0]
    assert list(found)[-2:] == ["Act", "Search"]
    assert shown(admin, f"#{incident.pk}")["Incidents"] == found["Incidents"]


def test_at_first_it_lists_what_is_open_the_most_severe_first(admin: User) -> None:
    low = file_incident(title="low", reporter=admin, severity="SEV4")
    high = file_incident(title="high", reporter=admin, severity="SEV1")
    over = file_incident(title="over", reporter=admin, severity="SEV1")
    set_status(over, "resolved", admin)
    assert shown(admin)["Incidents"] == [str(high), str(low)]


def test_private_records_are_found_only_by_who_may_see_them(admin: User, viewer: User) -> None:
    incident = file_incident(title="credential leak", reporter=admin, private=True)
    cause = create_cause(name="Leaked credential", private=True)
    link_cause(incident, cause, author=admin)
    assert {"Incidents", "Causes"} <= set(shown(admin, "credential"))
    assert not {"Incidents", "Causes"} & set(shown(viewer, "credential"))
    assert "Incidents" not in shown(viewer)


def test_filing_takes_the_text_as_title(admin: User, client: Client) -> None:
    client.force_login(admin)
    [entry] = [
        entry for group in palette.groups_for(admin, "50 % of <b> & c")
        for entry in group.entries if entry.label.startswith("File incident")
    ]  # fmt: skip
    assert 'value="50 % of &lt;b&gt; &amp; c"' in client.get(entry.path).content.decode()


@pytest.mark.parametrize(
    "text", ["\x00", "'", "a" * 5000, '"open', "-", "(", "service:", "%", "\\"]
)
def test_odd_text_is_answered(admin: User, client: Client, text: str) -> None:
    client.force_login(admin)
    answer = client.get("/palette/", {"q": text})
    assert answer.status_code == 200
    assert 'role="option"' in answer.content.decode()


def test_nobody_reads_it_without_signing_in(client: Client) -> None:
    assert client.get("/palette/", {"q": "x"}).status_code == 302


NO_PLACE_TO_GO = {
    "login", "account_login", "logout", "account_logout", "account_signup", "account_inactive",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key_done",
    "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "mfa_authenticate", "mfa_login_webauthn", "socialaccount_login_cancelled",
    "socialaccount_login_error", "socialaccount_signup",
}  # fmt: skip
"""Steps of signing in."""
OF_ACCOUNT = {
    "mfa_index", "mfa_list_webauthn", "socialaccount_connections", "account_change_password",
    "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_add_webauthn",
}  # fmt: skip
"""Parts of one's account, a click away from its page."""


def addresses_without_arguments(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            inner = f"{prefix}{each.namespace}:" if each.namespace else prefix
            yield from addresses_without_arguments(each, inner)
        elif each.name:
            with suppress(NoReverseMatch):
                reverse(f"{prefix}{each.name}")
                yield f"{prefix}{each.name}"


def test_every_page_is_in_the_palette(client: Client, admin: User) -> None:
    client.force_login(admin)
    known = {page.view for pages in palette.PAGES.values() for page in pages}
    names = set(addresses_without_arguments()) - NO_PLACE_TO_GO - OF_ACCOUNT - known
    missing = set()
    for name in names:
        path = reverse(name)
        if path.startswith("/api/"):
            continue
        answer = client.get(path)
        is_page = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
        if is_page and not answer.streaming and b"<!doctype html>" in answer.content:
            missing.add(name)
    assert missing == set()
