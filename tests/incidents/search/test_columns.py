"""Columns of the list of incidents: of a person, of a saved filter, and the usual ones."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, SavedFilter
from incidents.search.columns import USUAL, choose_columns, columns_for
from people.models import Account

pytestmark = pytest.mark.django_db


def heads(web: Client, query: str = "") -> list[str]:
    """The names of the columns that can be chosen, as the page has them."""
    page = web.get(f"/?{query}").content.decode()
    cells = re.findall(r'<td data-label="([^"]*)"', page)
    table = re.findall(r"<th data-column=[^>]*>([^<]*)</th>", page)
    assert cells == table[1:]
    return cells


def test_a_person_chooses_columns_and_unknown_ones_are_left_out(user: User, other: User) -> None:
    assert columns_for(user) == USUAL
    choose_columns(user, ["updated", "owner", "<script>"])
    assert columns_for(User.objects.get(pk=user.pk)) == ("owner", "updated")
    assert columns_for(other) == USUAL
    choose_columns(user, [])
    assert columns_for(user) == USUAL


def test_the_list_has_the_columns_that_were_chosen(web: Client, incident: Incident) -> None:
    assert heads(web) == ["Status", "Cause", "Owner", "Started", "Lasted"]
    web.post("/columns/", {"column": ["owner", "detected", "acknowledged", "resolved", "updated"]})
    assert heads(web) == ["Owner", "Detected", "Acknowledged", "Resolved", "Last changed"]


def test_a_saved_filter_has_columns_of_its_own(web: Client, user: User, incident: Incident) -> None:
    web.post("/columns/", {"column": ["owner"]})
    query = "severity=SEV3"
    web.post("/filters/", {"name": "Small", "query": query})
    assert SavedFilter.objects.get().columns == "owner"
    assert web.post("/columns/", {"column": ["status"], "query": query})["Location"] == f"/?{query}"
    assert heads(web, query) == ["Status"]
    assert heads(web) == ["Owner"]
    assert Account.objects.get(user=user).incident_columns == "owner"
