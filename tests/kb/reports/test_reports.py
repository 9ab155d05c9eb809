from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.causes.linking import link_cause
from kb.models import Cause
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import start_postmortem
from kb.reports import statistics
from people.models import Team

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 10, 12, tzinfo=UTC)
FIRST_QUARTER = statistics.ReportFilter(date(2026, 1, 1), date(2026, 4, 1))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def incident(service: Service | None = None, start: float = 0, **times: float) -> Incident:
    fields: dict[str, Any] = {f"{name}_at": at(start + minutes) for name, minutes in times.items()}
    return file_incident(
        title="I", services=[service] if service else [], impact_started_at=at(start),
        status="resolved" if "resolved" in times else "investigating", **fields,
    )  # fmt: skip


def test_times_count_incidents_that_have_both_times(user: User) -> None:
    incident(detected=2, acknowledged=6, mitigated=20, resolved=60)
    incident(detected=4, resolved=120)
    incident(acknowledged=5)
    incident(detected=9, acknowledged=3)  # acknowledged before it was detected: no such interval
    figures, count, lost = statistics.time_figures(
        statistics.filtered_incidents(user, FIRST_QUARTER)
    )
    by_name = {f.short: (f.mean, f.median, f.count, f.of) for f in figures}
    assert by_name["MTTD"] == (5.0, 4.0, 3, 4)
    assert by_name["MTTA"] == (4.0, 4.0, 1, 4)
    assert by_name["MTTM"] == (20.0, 20.0, 1, 4)
    assert by_name["MTTR"] == (90.0, 90.0, 2, 4)
    assert (count, lost) == (4, 180.0)


def test_times_are_the_same_from_sums_of_months(user: User) -> None:
    for days in (0, 40, 80):
        incident(
            start=days * 1440,
            detected=2 + days,
            acknowledged=90,
            mitigated=100,
            resolved=120 + days,
        )
    incident(start=70 * 1440, acknowledged=5)
    for chosen in (FIRST_QUARTER, FIRST_QUARTER.period_before):
        found = statistics.filtered_incidents(user, chosen)
        months = statistics.month_sums(found)
        assert statistics.time_figures(found, months=months) == statistics.time_figures(found)


def test_a_report_without_incidents_shows_no_figures(web: Client, user: User) -> None:
    figures, count, lost = statistics.time_figures(
        statistics.filtered_incidents(user, FIRST_QUARTER)
    )
    assert [(f.mean, f.median, f.count) for f in figures] == [(None, None, 0)] * 4
    assert (count, lost) == (0, 0.0)
    assert "0 of 0 have both times" in web.get("/knowledge/reports/").content.decode()


def test_recurrence_counts_causes_that_had_been_confirmed_before(
    user: User, cause: Cause, other_cause: Cause
) -> None:
    link_cause(incident(start=-60 * 24 * 90), cause, state="confirmed")
    link_cause(incident(), cause, state="confirmed")
    link_cause(incident(start=10), other_cause, state="confirmed")
    link_cause(incident(start=20), other_cause, state="suspected")
    assert statistics.recurrence(user, statistics.filtered_incidents(user, FIRST_QUARTER)) == (1, 2)


def test_breakdowns_by_month_service_team_category_and_tier(user: User, cause: Cause) -> None:
    core = Service.objects.create(name="pay", tier="core", owner=Team.named("Money"))
    first = incident(core, resolved=30)
    incident(core, start=60 * 24 * 30, resolved=90)
    incident()
    link_cause(first, cause, state="confirmed")
    found = statistics.filtered_incidents(user, FIRST_QUARTER)
    months = statistics.by_month(statistics.month_sums(found))
    assert [(r.name, r.incidents, r.minutes) for r in months] == [
        ("2026-01", 2, 30.0), ("2026-02", 1, 90.0),
    ]  # fmt: skip
    assert [(r.name, r.incidents) for r in statistics.by_service_and_team(found)[0]] == [("pay", 2)]
    teams = statistics.by_service_and_team(found)[1]
    assert [(r.name, r.figures["MTTR"]) for r in teams] == [("Money", 60.0)]
    assert statistics.causes_by_category(found) == [("2026-01", [("Deploy", 1)])]
    assert statistics.causes_by_tier(found) == [("2026-01", [("core", 1)])]
    narrowed = statistics.filtered_incidents(
        user, statistics.ReportFilter(FIRST_QUARTER.since, FIRST_QUARTER.until, team="Money")
    )
    assert narrowed.count() == 2


def test_repeat_offenders_and_the_follow_through_of_actions(user: User, cause: Cause) -> None:
    rows = [incident(start=n, resolved=60) for n in range(3)]
    for row in rows:
        link_cause(row, cause, state="confirmed")
    found = statistics.repeat_offenders(statistics.filtered_incidents(user, FIRST_QUARTER))
    assert found == [(cause, 3, 180.0)]
    postmortem = start_postmortem(rows, user)
    today = date.today()
    add_action(postmortem, title="a", state="done", due_on=today)
    add_action(postmortem, title="b", state="done", due_on=today - timedelta(days=9))
    add_action(postmortem, title="c", due_on=today - timedelta(days=1))
    add_action(postmortem, title="d", state="dropped")
    recent = statistics.ReportFilter(today - timedelta(days=1), today + timedelta(days=2))
    follow = statistics.follow_through(user, recent)
    assert (follow.promised, follow.done, follow.in_time, follow.with_date) == (4, 2, 1, 2)
    assert (follow.overdue, follow.dropped) == (1, 1)


@pytest.mark.parametrize("today", [date(2026, 1, 2), date(2024, 2, 29), date(2026, 12, 31)])
def test_this_week_in_past_years(user: User, today: date) -> None:
    year_ago = datetime(today.year - 1, today.month, min(today.day, 28), 12, tzinfo=UTC)
    near = file_incident(title="near", impact_started_at=year_ago)
    file_incident(title="far", impact_started_at=year_ago - timedelta(days=30))
    assert statistics.same_week_in_past_years(user, today) == [near]


def test_the_page_has_charts_and_the_csv_no_formula(web: Client, cause: Cause) -> None:
    evil = Service.objects.create(name="pay", owner=Team.named("=cmd|' /C calc'!A0"))
    link_cause(incident(evil, resolved=30), cause, state="confirmed")
    window = "since=2026-01-01&until=2026-04-01"
    page = web.get(f"/knowledge/reports/?{window}").content.decode()
    assert '<svg class="bars"' in page
    assert "30 min" in page
    services = web.get(f"/knowledge/reports/services/?{window}").content.decode()
    assert "<td>pay</td>" in services
    assert "<td>=cmd|&#x27; /C calc&#x27;!A0</td>" in services
    causes = web.get(f"/knowledge/reports/causes/?{window}").content.decode()
    assert "0 <small>of 1 with a confirmed cause" in causes
    assert '<svg class="bars"' in causes
    text = web.get(f"/knowledge/reports/?{window}&as=csv").content.decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert ["month", "2026-01", "1", "30.0", "", "", "", "30.0"] in rows
    assert any(row[:2] == ["team", "'=cmd|' /C calc'!A0"] for row in rows)


def test_a_private_incident_counts_for_nobody_else(user: User, other: User) -> None:
    file_incident(title="Zebra", private=True, reporter=user, impact_started_at=START)
    assert statistics.filtered_incidents(user, FIRST_QUARTER).count() == 1
    assert statistics.filtered_incidents(other, FIRST_QUARTER).count() == 0


@pytest.mark.parametrize(
    "query", ["since=soon", "since=2026-13-01", "since=2026-05-01&until=2026-01-01",
              "until=0001-01-01", "team=%00", "service=x"],
)  # fmt: skip
def test_an_invalid_filter_is_explained(web: Client, query: str) -> None:
    answer = web.get(f"/knowledge/reports/?{query}")
    assert answer.status_code == 200


def test_a_bar_leads_to_the_list_of_what_it_counts(
    web: Client, database: Service, cause: Cause
) -> None:
    counted = incident(database, detected=2, resolved=60)
    link_cause(counted, cause, state="confirmed")
    incident(start=60 * 24 * 40)  # in February
    period = "since=2026-01-01&until=2026-04-01"
    page = web.get(f"/knowledge/reports/?{period}").content.decode()
    causes = web.get(f"/knowledge/reports/causes/?{period}").content.decode()
    paths = re.findall(r'<a href="(/\?[^"]*)" aria-label="([^"]*)"', page + causes)
    january = [html.unescape(path) for path, label in paths if label.startswith("2026-01")]
    assert len(january) == 4  # incidents, minutes, by category, by tier
    for path in january:
        listed = web.get(path).content.decode()
        assert counted.reference in listed, path
        assert listed.count("data-row") == 1, path


def test_figures_stand_beside_those_of_the_period_before(web: Client) -> None:
    incident(detected=10, resolved=60)
    incident(start=-60 * 24 * 20, detected=20, resolved=60)
    page = web.get("/knowledge/reports/?since=2026-01-01&until=2026-01-31").content.decode()
    text = " ".join(page.split())
    assert "1 h in the period before" in text
    assert "▼ faster</span> than 20 min in the period before" in text
    assert "as in the period before" in text
    page = web.get("/knowledge/reports/?since=2025-12-01&until=2025-12-31").content.decode()
    assert "no figure in the period before" in page


def test_usual_periods_are_one_click_away(web: Client) -> None:
    page = web.get("/knowledge/reports/?team=Orders").content.decode()
    until = timezone.localdate() + timedelta(days=1)
    assert f"?since={until - timedelta(days=90)}&amp;until={until}&amp;team=Orders" in page
    assert re.search(r'aria-current="page">A year<', page)
