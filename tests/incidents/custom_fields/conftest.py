"""A team's own fields: a customer, a region, a number of seats, a ticket, who is accountable."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.custom_field_definitions import save_field
from incidents.models import CustomField
from people.membership import give_role
from people.models import Role


@pytest.fixture
def manager(django_user_model: Any) -> User:
    person = django_user_model.objects.create_user("manager", password="pass-for-tests")
    give_role(person, Role.MANAGER)
    return person


@pytest.fixture
def fields(manager: User) -> dict[str, CustomField]:
    """One of each kind, of incidents."""
    rows: list[dict[str, Any]] = [
        {"name": "customer", "label": "Customer"},
        {"name": "region", "label": "Region", "kind": "choice", "choices": ["EU West", "US East"]},
        {"name": "seats", "label": "Seats", "kind": "number"},
        {"name": "ticket", "label": "Ticket", "kind": "link"},
        {"name": "accountable", "label": "Accountable", "kind": "person"},
    ]
    return {row["name"]: save_field(CustomField(), manager, **row) for row in rows}
