"""The cause of each row of a list, how often it recurs, and the list of causes with its trend."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.models import Incident, Service
from incidents.search.row_causes import SHOWN_TIMES, RowCause, rows_of
from kb.causes.linking import create_cause, link_cause
from kb.causes.queries import listed_causes
from kb.models import ActionItem, Cause, Postmortem, StatedAnswer
from kb.postmortems.action_items import add_action
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


def confirmed(cause: Cause, days: float, **fields: Any) -> Incident:
    incident = past(f"{days} days ago", days=days, **fields)
    link_cause(incident, cause, state="confirmed")
    return incident


def cause_of(incident: Incident, user: User) -> RowCause:
    (row,) = rows_of([incident], user)
    assert row.cause is not None
    return row.cause


def test_a_row_says_how_often_its_cause_occurred_until_then(cause: Cause, user: User) -> None:
    newest, oldest, middle = (confirmed(cause, days) for days in (1, 30, 9))
    found = [row.cause for row in rows_of([newest, oldest, middle], user)]
    assert [each.nth for each in found if each] == [3, 1, 2]
    assert {each.name for each in found if each} == {cause.name}


def test_a_cause_that_is_only_suspected_is_not_counted(cause: Cause, user: User) -> None:
    suspected = past("Perhaps", days=20)
    link_cause(suspected, cause, state="suspected")
    assert cause_of(confirmed(cause, 1), user).nth == 1
    assert cause_of(suspected, user) == RowCause(cause.name, cause.get_absolute_url(), "suspected")


def test_private_incidents_are_counted_only_for_who_may_see_them(
    cause: Cause, user: User, other: User
) -> None:
    confirmed(cause, 9, private=True, reporter=other)
    public = confirmed(cause, 1)
    assert cause_of(public, user).nth == 1
    assert cause_of(public, other).nth == 2


def test_what_is_confirmed_is_shown_before_what_is_suspected(
    cause: Cause, other_cause: Cause, user: User
) -> None:
    incident = past("Both")
    link_cause(incident, cause, state="suspected")
    link_cause(incident, other_cause, state="confirmed")
    shown = cause_of(incident, user)
    assert (shown.name, shown.others) == (other_cause.name, 1)


def test_a_rejected_cause_is_no_cause(cause: Cause, user: User) -> None:
    incident = past("Not it")
    link_cause(incident, cause, state="rejected")
    (row,) = rows_of([incident], user)
    assert row.cause is None


def test_an_open_incident_shows_what_history_suggests(
    incident: Incident, cause: Cause, user: User
) -> None:
    StatedAnswer.objects.create(incident=incident, key=f"likely {cause.pk} very likely")
    shown = cause_of(incident, user)
    assert (shown.name, shown.state, shown.confidence) == (cause.name, "likely", "very likely")


def test_a_suggested_cause_that_is_private_is_not_named(
    incident: Incident, cause: Cause, user: User
) -> None:
    StatedAnswer.objects.create(incident=incident, key=f"likely {cause.pk} likely")
    Cause.objects.filter(pk=cause.pk).update(private=True)
    (row,) = rows_of([incident], user)
    assert row.cause is None


def test_the_page_says_the_third_time(web: Client, cause: Cause) -> None:
    for days in (30, 20, 1):
        confirmed(cause, days)
    text = " ".join(web.get("/").content.decode().split())
    assert '<span class="tag warn">3rd time</span>' in text
    assert "1st time" not in text


def test_the_page_does_not_count_all_of_a_common_cause_and_the_csv_does(
    web: Client, cause: Cause
) -> None:
    for days in range(SHOWN_TIMES + 1):
        confirmed(cause, days + 1)
    text = " ".join(web.get("/").content.decode().split())
    assert text.count(f"{SHOWN_TIMES} times or more") == 2
    assert "20th time" in text
    assert "21st time" not in text
    lines = list(csv.DictReader(b"".join(web.get("/incidents.csv")).decode().splitlines()))
    assert {int(line["times_so_far"]) for line in lines} == set(range(1, SHOWN_TIMES + 2))


def test_the_trend_compares_the_last_90_days_with_the_90_before(cause: Cause, user: User) -> None:
    for days in (1, 10, 80, 100, 200):
        confirmed(cause, days)
    ((key, figures),) = listed_causes(user)
    assert key == cause.pk
    assert (figures.times, figures.recent, figures.before, figures.trend) == (5, 3, 1, 2)


def test_the_list_of_causes_counts_nothing_private(cause: Cause, user: User, other: User) -> None:
    confirmed(cause, 3, private=True, reporter=other)
    of_user = dict(listed_causes(user))[cause.pk]
    assert (of_user.times, of_user.recent, of_user.last_seen) == (0, 0, None)
    assert dict(listed_causes(other))[cause.pk].times == 1


def test_open_actions_are_counted_until_they_are_done(
    cause: Cause, postmortem: Postmortem, user: User
) -> None:
    due = (timezone.now() + timedelta(days=3)).date()
    for title in ("Add the index", "Alert on slow queries"):
        add_action(postmortem, title=title, owner=user, due_on=due, cause=cause)
    assert dict(listed_causes(user))[cause.pk].open_actions == 2
    ActionItem.objects.filter(title="Add the index").update(state="done", closed_at=timezone.now())
    assert dict(listed_causes(user))[cause.pk].open_actions == 1


def names(html: str) -> list[str]:
    return re.findall(r"data-row>([^<]+)</a>", html)


def test_causes_are_sorted_by_each_column(web: Client, cause: Cause, other_cause: Cause) -> None:
    never = create_cause(name="Zone outage", category="deploy")
    confirmed(cause, 2)
    for days in (100, 120):
        confirmed(other_cause, days)
    new, old, unseen = cause.name, other_cause.name, never.name
    for order, wanted in {
        "": [old, new, unseen], "-times": [old, new, unseen], "times": [unseen, new, old],
        "-trend": [new, unseen, old], "trend": [old, unseen, new],
        "-last_seen": [new, old, unseen], "last_seen": [old, new, unseen],
        "name": [old, new, unseen], "-name": [unseen, new, old],
        "no such column": [old, new, unseen],
    }.items():  # fmt: skip
        assert names(web.get("/knowledge/causes/", {"order": order}).content.decode()) == wanted, (
            order
        )


def test_a_head_says_how_the_list_is_sorted_and_sorts_the_other_way(
    web: Client, cause: Cause
) -> None:
    html = " ".join(web.get("/knowledge/causes/?order=-trend&q=index").content.decode().split())
    assert re.search(r'<th aria-sort="descending"> <a href="\?order=trend&amp;q=index">', html)


def test_the_page_of_a_service_shows_causes_too(
    web: Client, database: Service, cause: Cause
) -> None:
    link_cause(past("Slow", database), cause, state="confirmed")
    assert cause.name in web.get(f"/services/{database.pk}/").content.decode()
