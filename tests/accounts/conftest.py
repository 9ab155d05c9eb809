"""Administrators, and their ways in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from incidents.tokens import create_token
from people.membership import give_role
from people.models import Role

Make = Callable[..., User]


@pytest.fixture
def person(db: None) -> Make:
    """`person("ann", Role.EDITOR)`: somebody with a role everywhere, or with none."""

    def make(name: str, role: Role | None = None, **fields: str) -> User:
        made = User.objects.create_user(name, fields.pop("email", f"{name}@shop.example"), **fields)
        if role:
            give_role(made, role)
        return made

    return make


@pytest.fixture
def boss(person: Make) -> User:
    """An administrator by role, no superuser."""
    return person("boss", Role.ADMINISTRATOR)


@pytest.fixture
def office(boss: User) -> Client:
    """The browser of an administrator."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def office_api(boss: User) -> APIClient:
    """The API with an administrator's token for everything."""
    client = APIClient()
    text = create_token(boss, "office", "admin")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client
