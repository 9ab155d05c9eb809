from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.utils import timezone

from analysis.suggestions import unexplained_groups
from incidents.models import Service, TierPolicy
from kb.causes.linking import link_cause
from kb.models import Cause
from kb.postmortems.editing import publish, start_postmortem
from kb.reports import knowledge_gaps as kb_gaps
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


def alike(count: int) -> list[object]:
    titles = [
        "Disk of the log node full, writes refused", "log node disk full again, writes refused",
        "Writes refused: disk full on log node", "Log node: disk is full, refuses writes",
    ]  # fmt: skip
    return [past(titles[n], days=10 + n) for n in range(count)]


def test_alike_incidents_without_a_cause_get_one_by_one_click(
    web: Client, user: AbstractUser
) -> None:
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


def test_a_group_with_a_hidden_incident_is_shown_to_nobody_else(
    user: AbstractUser, other: AbstractUser
) -> None:
    alike(2)
    past("Writes refused: disk full on log node", private=True, reporter=user)
    unexplained_groups.regroup()
    assert unexplained_groups.groups_for(user)
    assert unexplained_groups.groups_for(other) == []


def test_services_and_causes_that_lack_something(
    web: Client, database: Service, cause: Cause, user: AbstractUser
) -> None:
    row = past("One", database)
    assert [each.name for each in kb_gaps.services_without_cause(user)] == ["orders-db"]
    link_cause(row, cause, state="confirmed")
    assert not kb_gaps.services_without_cause(user).exists()
    assert list(kb_gaps.thin_causes(user)) == [cause]
    cause.how_to_fix = "Build it."
    cause.save()
    cause.checks.create(name="c", source="P", query="up", threshold=1)
    assert not kb_gaps.thin_causes(user).exists()


def test_postmortems_are_due_by_the_policy_of_the_tier(
    web: Client, database: Service, user: AbstractUser
) -> None:
    TierPolicy.objects.filter(tier="core").update(postmortem_for="SEV1", postmortem_within=2)
    start = timezone.now() - timedelta(days=9)
    bad = past("Bad", database, days=9, severity="SEV1")
    past("Small", database, days=9, severity="SEV3")
    [due] = kb_gaps.postmortems_due(user)
    assert (due.incident, due.days) == (bad, (timezone.now() - start).days - 3)
    assert "Start writing" in web.get("/analysis/gaps/").content.decode()
    publish(start_postmortem([bad], user))
    assert kb_gaps.postmortems_due(user) == []


def test_a_symptom_makes_no_cause_of_a_group(web: Client, user: AbstractUser) -> None:
    alike(2)
    unexplained_groups.regroup()
    [group] = unexplained_groups.groups_for(user)
    path = f"/analysis/gaps/{group.pk}/cause/"
    page = web.post(path, {"name": "High CPU"}, follow=True)
    assert "is what was seen, not why" in page.content.decode()
    web.post(path, {"name": "Retention was never set"})
    gone = web.post(path, {"name": "Another"}, follow=True)
    assert "That group is no longer there" in gone.content.decode()
