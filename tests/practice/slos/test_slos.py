"""Objectives: where a budget went, what that asks for, and counting that survives trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.models import Source
from analysis.sources.base import Series, SourceError
from analysis.sources.prometheus import Prometheus
from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.causes.linking import name_cause
from practice import prometheus
from practice.models import Slo
from practice.slos import counting
from practice.slos.attribution import attributed_status
from practice.slos.status import store_status
from tests.practice.conftest import count, fail

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, 2, tzinfo=UTC)


def outage(service: Service, start: datetime, minutes: int, **fields: Any) -> Incident:
    end = start + timedelta(minutes=minutes)
    return file_incident(
        title=f"{service} down", services=[service], impact_started_at=start, detected_at=start,
        mitigated_at=end, resolved_at=end, status="resolved", quiet=True, **fields,
    )  # fmt: skip


def test_a_spent_budget_is_attributed_to_incidents_and_causes(
    slo: Slo, user: User, web: Client
) -> None:
    count(slo, NOW)
    start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    fail(slo, start, 30)
    fail(slo, start + timedelta(days=1), 15)
    fail(slo, start + timedelta(days=2), 10)
    for days, cause in ((0, "Missing index"), (1, "Expired certificate")):
        incident = outage(slo.service, start + timedelta(days=days), 30)
        name_cause(incident, cause, author=user)
    found = attributed_status(slo, user, NOW)
    assert found.budget.minutes == pytest.approx(40.32)
    assert [round(part.minutes) for part in found.causes] == [30, 15, 10]
    assert [part.name for part in found.causes] == [
        "Missing index", "Expired certificate", "outside of any incident",
    ]  # fmt: skip
    assert found.state == "frozen"
    assert sum(part.minutes for part in found.incidents) == pytest.approx(found.budget.spent)


def test_an_incident_of_a_dependency_counts_and_names_the_dependency(
    slo: Slo, database: Service, user: User
) -> None:
    count(slo, NOW)
    slo.service.depends_on.add(database)
    start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    fail(slo, start, 20)
    outage(database, start, 20)
    [part] = attributed_status(slo, user, NOW).incidents
    assert part.name.endswith("(in orders-db)")


def test_no_part_of_a_budget_names_a_private_incident(slo: Slo, user: User, other: User) -> None:
    count(slo, NOW)
    start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    fail(slo, start, 20)
    incident = outage(slo.service, start, 20, private=True, reporter=user)
    name_cause(incident, "Stolen key", author=user)
    assert attributed_status(slo, user, NOW).causes[0].name == "Stolen key"
    [part] = attributed_status(slo, other, NOW).causes
    assert part.name == "outside of any incident"


def test_pages_show_a_spent_budget_and_what_follows(slo: Slo, web: Client) -> None:
    now = timezone.now()
    count(slo, now)
    fail(slo, now - timedelta(days=2), 60)
    store_status(slo, now)
    page = web.get(slo.get_absolute_url()).content.decode()
    assert "The error budget is spent." in page
    assert "releases of this service stop" in page
    assert "releases stop" in web.get("/practice/slos/").content.decode()
    panel = web.get(f"/practice/services/{slo.service.pk}/panel/").content.decode()
    assert "the error budget is spent" in panel


def test_an_objective_without_window_in_its_query_is_rejected(
    manager: Client, checkout: Service
) -> None:
    given = {
        "service": checkout.pk, "name": "a", "target": "99.9", "window": "28d", "counts": "bad",
        "numerator": "sum(rate(x[5m]))", "total": "sum(rate(y[$window]))", "enabled": "on",
    }  # fmt: skip
    answer = manager.post("/practice/slos/new/", given)
    assert answer.status_code == 422
    assert "Write $window as the range" in answer.content.decode()
    assert manager.post("/practice/slos/new/", given | {"target": "100"}).status_code == 422
    given["numerator"] = "sum(rate(x[$window]))"
    assert manager.post("/practice/slos/new/", given).status_code == 302
    assert float(Slo.objects.get().target) == pytest.approx(99.9)


def test_setting_objectives_needs_the_permission(web: Client, slo: Slo) -> None:
    for path in ("new/", f"{slo.pk}/edit/", "import/"):
        assert web.get(f"/practice/slos/{path}").status_code == 403
    assert web.post(f"/practice/slos/{slo.pk}/count/").status_code == 403


def test_a_new_objective_of_a_service_starts_from_its_tier(
    manager: Client, checkout: Service
) -> None:
    page = manager.get(f"/practice/slos/new/?service={checkout.pk}").content.decode()
    assert 'value="99.95"' in page
    assert "service=&quot;checkout&quot;" in page


class Answering:
    """Stands in for a Prometheus that knows everything up to `until`, or fails."""

    def __init__(self, until: datetime) -> None:
        self.until = until.timestamp()
        self.fails = False
        self.ranges: list[tuple[float, float]] = []

    def points(
        self, text: str, start: float, end: float, step: float, deadline: float
    ) -> list[Series]:
        if self.fails:
            raise SourceError("timeout", "Prometheus took longer than 15 s.")
        self.ranges.append((start, end))
        times = np.arange(start, min(end, self.until) + 1, step).tolist()
        value = 0.02 if "5.." in text else 2.0
        return [Series({}, times, [value] * len(times))]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    found = Answering(NOW)
    plugin = Prometheus({"url": "http://prometheus.example"})
    monkeypatch.setattr(plugin, "points", found.points)
    monkeypatch.setattr(prometheus, "plugin_of", lambda source: plugin)
    Source.objects.create(name="Prometheus", kind="prometheus")
    return found


def test_counting_continues_where_it_stopped_and_twice_changes_nothing(
    slo: Slo, answering: Answering, user: User
) -> None:
    assert counting.count(slo, NOW) == 28 * 288 + 12 * 12
    assert slo.pulled_until == NOW.replace(minute=0)
    first = attributed_status(slo, user, NOW)
    # A hundredth of the events fail: ten times what may.
    assert first.budget.ratio == pytest.approx(0.01)
    assert first.budget.share == pytest.approx(10.0, rel=0.01)
    queries = len(answering.ranges)
    counting.count(slo, NOW)
    assert attributed_status(slo, user, NOW).budget == first.budget
    assert answering.ranges[queries][0] >= NOW.timestamp() - 1200
    counting.count(slo, NOW + timedelta(minutes=5))
    assert slo.pulled_until == NOW.replace(minute=5)


def test_a_failure_is_shown_with_the_objective_and_loses_no_counts(
    slo: Slo, answering: Answering, web: Client, user: User
) -> None:
    counting.count(slo, NOW)
    answering.fails = True
    assert counting.count(slo, NOW + timedelta(hours=1)) == 0
    assert "longer than 15 s" in web.get(slo.get_absolute_url()).content.decode()
    assert attributed_status(slo, user, NOW).budget.known > 0.99
    answering.fails, answering.until = False, (NOW + timedelta(hours=1)).timestamp()
    counting.count(slo, NOW + timedelta(hours=1))
    assert slo.problem == ""
    assert attributed_status(slo, user, NOW + timedelta(hours=1)).budget.known > 0.99


def test_without_a_prometheus_the_page_says_what_is_missing(slo: Slo) -> None:
    counting.count(slo, NOW)
    assert slo.problem == "No Prometheus is set up as a source to count with."


def test_rules_contain_every_objective_whatever_its_name(slo: Slo, web: Client) -> None:
    slo.name = 'odd "name" {with} signs'
    slo.save()
    answer = web.get("/practice/slos/rules.yml")
    groups = yaml.safe_load(answer.content)["groups"]
    assert [group["name"] for group in groups] == [f"causebook-slo-{slo.pk}"]
    alerts = [rule for rule in groups[0]["rules"] if "alert" in rule]
    assert {rule["labels"]["severity"] for rule in alerts} == {"page", "ticket"}


def test_objectives_that_fail_do_not_hold_up_the_others(
    slo: Slo, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slo.objects.create(
        service=slo.service, name="slow", numerator="x[$window]", total="y[$window]"
    )
    tried, clock = [], [0.0]

    def count_one(each: Slo, now: datetime | None = None) -> int:
        tried.append(each.name)
        clock[0] += 2 * counting.SECONDS_PER_RUN
        Slo.objects.filter(pk=each.pk).update(tried_at=timezone.now())
        return 0

    monkeypatch.setattr(counting, "count", count_one)
    monkeypatch.setattr(counting.time, "monotonic", lambda: clock[0])
    for _ in range(4):
        counting.count_all(NOW)
    assert tried == [slo.name, slow.name, slo.name, slow.name]
