"""Categories, postmortem templates and nodes of the practice map are edited on pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kb.models import Category, Cause, PostmortemTemplate
from people.membership import give_role
from people.models import Role
from practice.models import Practice

pytestmark = pytest.mark.django_db
BASE = "/knowledge/configuration/"


@pytest.fixture
def manager(web: Client, user: User) -> Client:
    give_role(user, Role.MANAGER)
    return web


def test_a_category_is_added_renamed_and_removed_unless_causes_are_in_it(manager: Client) -> None:
    new = {"name": "Human error", "slug": "human", "position": "7"}
    assert manager.post(f"{BASE}categories/new/", new).status_code == 302
    assert "Human error" in manager.get(BASE).content.decode()
    manager.post(f"{BASE}categories/human/", {"name": "Process", "slug": "other", "position": "7"})
    category = Category.objects.get(slug="human")
    assert category.name == "Process"

    cause = Cause.objects.create(name="Wrong button pressed", category=category)
    page = manager.post(f"{BASE}categories/human/", {"remove": "1"}, follow=True)
    assert "give them another category first" in page.content.decode()
    cause.delete()
    manager.post(f"{BASE}categories/human/", {"remove": "1"})
    assert not Category.objects.filter(slug="human").exists()


def test_a_template_is_added_and_errors_say_which_field(manager: Client) -> None:
    refused = manager.post(f"{BASE}templates/new/", {"name": "", "body": ""})
    assert refused.status_code == 422
    assert {"name", "body"} <= set(refused.context["form"].errors)
    new = {"name": "One line", "severities": ["SEV4"], "body": "# {summary}"}
    manager.post(f"{BASE}templates/new/", new)
    assert PostmortemTemplate.objects.get(name="One line").severities == ["SEV4"]


@pytest.mark.parametrize("path", ["things/new/", "templates/no-number/", "templates/999999/"])
def test_what_is_not_there_is_not_found(manager: Client, path: str) -> None:
    assert manager.get(f"{BASE}{path}").status_code == 404


def test_a_practice_is_added_moved_and_never_below_itself(manager: Client) -> None:
    new = {"name": "Chaos days", "what": "", "parent": "", "position": "9"}
    assert manager.post("/practice/map/new/", new).status_code == 302
    node = Practice.objects.get(name="Chaos days")
    child = Practice.objects.create(name="In production", parent=node)
    address = f"/practice/map/{node.pk}/edit/"
    refused = manager.post(address, {**new, "parent": child.pk})
    assert "parent" in refused.context["form"].errors
    manager.post(address, {"remove": "1"})
    assert not Practice.objects.filter(pk__in=[node.pk, child.pk]).exists()
