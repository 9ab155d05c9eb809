"""The last active administrator stays one, whatever would take the role or the account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.people import roles, states
from accounts.people.service_accounts import create_service_account
from incidents.tokens import create_token
from people import membership
from people.membership import administrators, apply_groups, give_role
from people.models import AuditEntry, Role
from tests.accounts.conftest import Make

SENTENCE = "This is the last active administrator, {}: give somebody else that role first."


def entries() -> list[str]:
    found = AuditEntry.objects.filter(event="last_administrator.stays")
    return list(found.values_list("record_name", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["role", "account"])
def test_a_program_with_the_role_cannot_end_the_last_person_who_has_it(
    what: str, boss: User
) -> None:
    program = create_service_account("bot", boss, Role.ADMINISTRATOR)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(program, 'all', 'admin')[1]}")
    own, role = f"/api/v1/people/{boss.pk}/", boss.role_grants.get().pk
    calls: dict[str, Callable[[], Any]] = {
        "role": lambda: api.delete(f"{own}roles/{role}/"),
        "account": lambda: api.post(f"{own}deactivate/"),
    }
    refused = calls[what]()
    assert refused.status_code == 400
    assert SENTENCE.format("boss") in str(refused.data["errors"])
    assert administrators().get() == boss
    assert entries() == ["boss"]
    give_role(User.objects.create_user("ann"), Role.ADMINISTRATOR)
    assert calls[what]().status_code < 300
    assert administrators().get().username == "ann"


@pytest.mark.django_db
@pytest.mark.urls("tests.kb.urls_with_admin")
def test_djangos_administration_deactivates_demotes_and_deletes_all_but_the_last() -> None:
    root = User.objects.create_superuser("root", "root@shop.example", "pass-for-tests")
    browser = Client()
    browser.force_login(root)
    changed = reverse("admin:auth_user_change", args=[root.pk])
    form = browser.get(changed).context["adminform"].form
    given = {name: form.initial.get(name) for name in form.fields}
    given = {name: value for name, value in given.items() if value and name != "password"}
    for name in ("date_joined", "last_login"):
        at = given.pop(name)
        given |= {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M:%S}"}
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "deactivated": (changed, {k: v for k, v in given.items() if k != "is_active"}),
        "demoted": (changed, {k: v for k, v in given.items() if k != "is_superuser"}),
        "deleted": (reverse("admin:auth_user_delete", args=[root.pk]), {"post": "yes"}),
        "deleted from the list": (
            reverse("admin:auth_user_changelist"),
            {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"},
        ),
    }
    for number, (way, (path, data)) in enumerate(ways.items()):
        page = browser.post(path, data, follow=True).content.decode()
        assert SENTENCE.format("root") in page, way
        assert "successfully" not in page, way
        assert administrators().get() == root, way
        assert entries() == ["root"] * (number + 1), way
    saved = browser.post(changed, {**given, "first_name": "Ruth"}, follow=True)
    assert "changed successfully" in saved.content.decode()
    other = User.objects.create_superuser("other", "other@shop.example")
    browser.post(reverse("admin:auth_user_delete", args=[other.pk]), {"post": "yes"})
    assert administrators().get() == root


@pytest.mark.django_db
def test_groups_of_a_sign_in_take_the_role_of_all_but_the_last(person: Make) -> None:
    ann, bob = person("ann"), person("bob")
    for each in (ann, bob):
        each.role_grants.create(role=Role.ADMINISTRATOR, provider="oidc")
        each.role_grants.create(role=Role.EDITOR, provider="oidc")
    assert apply_groups(ann, "oidc", []) == ""
    sentence = apply_groups(bob, "oidc", [])
    assert "no longer make you an administrator" in sentence
    assert [grant.user for grant in membership.RoleGrant.objects.all()] == [bob]
    assert entries() == ["bob"]
    give_role(ann, Role.ADMINISTRATOR)
    assert apply_groups(bob, "oidc", []) == ""
    assert administrators().get() == ann


@pytest.mark.django_db
def test_the_header_of_a_proxy_says_so_on_the_page(person: Make, settings: Any) -> None:
    settings.PROXY_USER_HEADER, settings.PROXY_GROUPS_HEADER = "Remote-User", "Remote-Groups"
    settings.PROXY_ADDRESSES = ["127.0.0.1"]
    ann = person("ann")
    ann.role_grants.create(role=Role.ADMINISTRATOR, provider="proxy")
    page = Client().get("/", headers={"remote-user": "ann", "remote-groups": "none"})
    assert "no longer make you an administrator" in page.content.decode()
    assert administrators().get() == ann


Act = Callable[[User, User], object]
ACTS: dict[str, Act] = {
    "end the role": lambda by, person: roles.end_role(person.role_grants.get(), by),
    "deactivate": lambda by, person: states.deactivate(person, by),
    "lose the groups": lambda by, person: apply_groups(person, "oidc", []),
}


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_one_moment_leave_one(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=20)
    waited = threading.local()

    def together() -> Any:
        # Both have passed every check of permission before either locks anything.
        if not hasattr(waited, "once"):
            waited.once = True
            both.wait()
        return administrators()

    for name, act in ACTS.items():
        User.objects.all().delete()
        people = [User.objects.create_user(each) for each in ("ann", "bob")]
        for person in people:
            provider = "oidc" if name == "lose the groups" else ""
            person.role_grants.create(role=Role.ADMINISTRATOR, provider=provider)
        refused: list[str] = []

        def run(by: User, person: User, act: Act = act, refused: list[str] = refused) -> None:
            try:
                act(by, person)
            except ValidationError as error:
                refused.append(error.messages[0])
            finally:
                connection.close()

        with monkeypatch.context() as patched:
            patched.setattr(membership, "administrators", together)
            threads = [threading.Thread(target=run, args=pair) for pair in (people, people[::-1])]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        assert administrators().count() == 1, name
        assert len(entries()) == 1, name
        assert len(refused) == (name != "lose the groups"), name
        AuditEntry.objects.all().delete()
