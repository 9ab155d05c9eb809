from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.suggestions import unexplained_groups
from kb.models import Cause
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


def alike(count: int) -> list[object]:
    titles = [
        "Disk of the log node full, writes refused", "log node disk full again, writes refused",
        "Writes refused: disk full on log node", "Log node: disk is full, refuses writes",
    ]  # fmt: skip
    return [past(titles[n], days=10 + n) for n in range(count)]


def test_alike_incidents_without_a_cause_get_one_by_one_click(web: Client, user: User) -> None:
    rows = alike(3)
    past("Payment provider returned an unknown currency code")
    assert unexplained_groups.regroup() == 1
    [group] = unexplained_groups.groups_for(user)
    assert {row.pk for row in group.incidents} == {row.pk for row in rows}  # type: ignore[attr-defined]
    assert {"disk", "full"} & set(group.name.lower().split())
    assert group.name in web.get("/analysis/gaps/").content.decode()
    web.post(f"/analysis/gaps/{group.pk}/cause/", {"name": "Log retention was never set"})
    cause = Cause.objects.get()
    assert cause.links.filter(state="suspected").count() == 3
    assert unexplained_groups.groups_for(user) == []


def test_a_group_with_a_hidden_incident_is_shown_to_nobody_else(user: User, other: User) -> None:
    alike(2)
    past("Writes refused: disk full on log node", private=True, reporter=user)
    unexplained_groups.regroup()
    assert unexplained_groups.groups_for(user)
    assert unexplained_groups.groups_for(other) == []


def test_a_symptom_makes_no_cause_of_a_group(web: Client, user: User) -> None:
    alike(2)
    unexplained_groups.regroup()
    [group] = unexplained_groups.groups_for(user)
    path = f"/analysis/gaps/{group.pk}/cause/"
    page = web.post(path, {"name": "High CPU"}, follow=True)
    assert "is what was seen, not why" in page.content.decode()
    web.post(path, {"name": "Retention was never set"})
    page = web.post(path, {"name": "Another"}, follow=True)
    assert "That group no longer exists" in page.content.decode()
