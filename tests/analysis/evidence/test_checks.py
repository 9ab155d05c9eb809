"""Checks: run against real sources, reported on the page, with effect on the ranking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from analysis import tasks
from analysis.evidence import checks, planning
from analysis.models import CheckRun, Collector, Source
from analysis.suggestions.engine import suggest_for_incident
from incidents.filing import edit_incident, file_incident, set_status
from incidents.models import Alert, Incident, Service
from kb.causes.linking import name_cause
from kb.models import Cause, Check
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def cause(incident: Incident) -> Cause:
    link = name_cause(incident, "Missing index")
    set_status(incident, "resolved")
    return link.cause


@pytest.fixture
def fresh(cause: Cause, database: Service) -> Incident:
    return file_incident(title="orders-db CPU at 90 %", services=[database])


def check(cause: Cause, url: str, **fields: Any) -> Check:
    Source.objects.update_or_create(
        name="metrics", defaults={"kind": "prometheus", "settings": {"url": url}}
    )
    wanted = {"query": 'scans{service="$service"}', "threshold": 0.5, **fields}
    return Check.objects.create(cause=cause, source="metrics", name="table scans", **wanted)


def run(incident: Incident, cause: Cause) -> CheckRun:
    [run_id] = checks.plan_checks(incident, [cause.pk])
    assert checks.run_check(run_id)
    return CheckRun.objects.get(pk=run_id)


@pytest.mark.parametrize(
    ("comparison", "threshold", "holds"),
    [("above", 0.5, True), ("above", 2, False), ("below", 2, True), ("below", 1, False)],
)
def test_a_check_holds_or_not_with_its_value(
    fresh: Incident, cause: Cause, server: Any, comparison: str, threshold: float, holds: bool
) -> None:
    check(cause, server("well"), comparison=comparison, threshold=threshold)
    outcome = run(fresh, cause)
    assert (outcome.state, outcome.holds, outcome.value) == ("done", holds, 1.0)
    assert outcome.detail == "orders-db"


def test_a_source_that_is_down_is_no_outcome(fresh: Incident, cause: Cause, server: Any) -> None:
    check(cause, server("401"))
    outcome = run(fresh, cause)
    assert (outcome.state, outcome.holds) == ("failed", None)
    assert "refused the credentials" in outcome.error
    assert checks.factors(fresh) == {}


def test_a_source_that_was_removed_is_named_in_the_error(
    fresh: Incident, cause: Cause, server: Any
) -> None:
    check(cause, server("well"))
    Source.objects.all().delete()
    assert "no source named 'metrics'" in run(fresh, cause).error


def test_planning_twice_runs_once_and_running_again_replaces_the_outcome(
    fresh: Incident, cause: Cause, server: Any
) -> None:
    requested = check(cause, server("well"))
    first = run(fresh, cause)
    assert not checks.run_check(first.pk)
    assert checks.plan_checks(fresh, [cause.pk]) == []
    Check.objects.filter(pk=requested.pk).update(threshold=5)
    [again] = checks.plan_checks(fresh, [cause.pk], again=True)
    checks.run_check(again)
    assert CheckRun.objects.get().holds is False


def test_what_holds_counts_for_more_than_what_does_not(
    fresh: Incident, cause: Cause, database: Service, user: User, server: Any
) -> None:
    at = fresh.impact_started_at - timedelta(hours=1)
    past = file_incident(
        title="orders-db CPU at 95 %, again",
        services=[database],
        impact_started_at=at,
        detected_at=at,
    )
    other = name_cause(past, "Runaway report").cause
    set_status(past, "resolved")
    before = {s.cause.pk: s.score for s in suggest_for_incident(fresh, user).causes}
    check(cause, server("well"), comparison="above", threshold=0.5)
    check(other, server("well"), comparison="above", threshold=100)
    run(fresh, cause)
    run(fresh, other)
    after = {s.cause.pk: s.score for s in suggest_for_incident(fresh, user).causes}
    assert after[cause.pk] == pytest.approx(before[cause.pk] * checks.HOLDS)
    assert after[other.pk] == pytest.approx(before[other.pk] * checks.DOES_NOT_HOLD)


def test_likely_causes_are_checked_without_a_click(
    fresh: Incident, cause: Cause, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(cause, server("well"))
    monkeypatch.setattr(tasks.run_check, "delay", checks.run_check)
    planning.plan_evidence(fresh)
    fresh.evidence_requests.all().delete()
    tasks.run_checks_of_suggested_causes()
    assert CheckRun.objects.get().holds
    Check.objects.update(threshold=5)
    tasks.run_checks_of_suggested_causes()
    assert CheckRun.objects.get().holds, "it asks by itself once only"


def test_the_page_tells_outcome_and_value_and_asks_on_a_click(
    fresh: Incident, cause: Cause, web: Client, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(cause, server("well"))
    monkeypatch.setattr(tasks.run_check, "delay", checks.run_check)
    page = web.get(f"/analysis/incidents/{fresh.pk}/suggestions/").content.decode()
    assert "Not run" in page
    assert "Run check" in page
    web.post(f"/analysis/incidents/{fresh.pk}/causes/{cause.pk}/checks/")
    page = web.get(f"/analysis/incidents/{fresh.pk}/suggestions/").content.decode()
    assert "Passed" in page
    assert "highest value 1" in page


def test_checks_are_written_and_removed_on_the_cause_page(
    cause: Cause, web: Client, server: Any
) -> None:
    Source.objects.create(name="metrics", kind="prometheus", settings={"url": server("well")})
    sent = {
        "name": "scans", "source": "metrics", "query": "x", "statistic": "max",
        "comparison": "above", "threshold": "lots",
    }  # fmt: skip
    refused = web.post(f"/analysis/causes/{cause.pk}/checks/", sent)
    assert refused.status_code == 422
    assert "Enter a number" in refused.content.decode()
    page = web.post(f"/analysis/causes/{cause.pk}/checks/", {**sent, "threshold": "3"})
    assert "highest value above 3" in page.content.decode()
    web.post(f"/analysis/checks/{Check.objects.get().pk}/remove/")
    assert not Check.objects.exists()


def test_checks_of_a_hidden_cause_are_hidden(
    cause: Cause, incident: Incident, client: Client, other: User
) -> None:
    edit_incident(incident, private=True)
    client.force_login(other)
    assert client.get(f"/analysis/causes/{cause.pk}/checks/").status_code == 404


def test_one_more_pull_is_made_now_and_next_time_the_alert_fires(
    incident: Incident, web: Client, user: User, server: Callable[..., str]
) -> None:
    url = server("well")
    settings = {"url": url, "templates": "any | cpu | cores | x"}
    Source.objects.create(name="metrics", kind="prometheus", settings=settings)
    Alert.objects.create(
        source="t", fingerprint="f", name="HighCPU", incident=incident, starts_at=timezone.now()
    )
    sent = {"source": "metrics", "what": "dead rows", "query": 'd{s="$service"}'}
    address = f"/analysis/incidents/{incident.pk}/pull-also/"
    # What then runs by itself takes who manages sources.
    assert web.post(address, {**sent, "alert": "HighCPU"}).status_code == 403
    assert not Collector.objects.exists()
    give_role(user, Role.MANAGER)
    page = web.post(address, {**sent, "alert": "HighCPU"}).content.decode()
    assert "dead rows" in page
    assert incident.evidence_requests.get(what="dead rows").query == 'd{s="orders-db"}'
    assert Collector.objects.get().alert == "HighCPU"

    again = file_incident(title="Next time", services=incident.services.all())
    Alert.objects.create(
        source="t", fingerprint="g", name="HighCPU", incident=again, starts_at=timezone.now()
    )
    planning.plan_evidence(again)
    assert again.evidence_requests.filter(what="dead rows").exists()


def test_a_pull_without_a_query_names_the_field(incident: Incident, web: Client) -> None:
    Source.objects.create(name="metrics", kind="prometheus", settings={"url": "http://x"})
    sent = {"source": "metrics", "what": "dead rows", "query": " "}
    page = web.post(f"/analysis/incidents/{incident.pk}/pull-also/", sent).content.decode()
    assert "query: This field cannot be blank" in page


def test_checks_by_api_are_written_run_and_read(
    user: User, fresh: Incident, cause: Cause, server: Any
) -> None:
    api = APIClient()
    api.force_authenticate(user)
    wanted = {"cause": cause.pk, "name": "scans", "query": 'x{service="$service"}', "threshold": 1}
    refused = api.post("/api/v1/checks/", {**wanted, "source": "metrics"}, format="json")
    assert (refused.status_code, list(refused.data["errors"])) == (400, ["source"])
    Source.objects.create(name="metrics", kind="prometheus", settings={"url": server("well")})
    made = api.post("/api/v1/checks/", {**wanted, "source": "metrics"}, format="json")
    assert made.data["condition"] == "highest value above 1"
    again = api.post("/api/v1/checks/", {**wanted, "source": "metrics"}, format="json")
    assert again.status_code == 400

    body = {"incident": fresh.pk, "cause": cause.pk}
    requested = api.post("/api/v1/check-runs/", body, format="json")
    assert (requested.status_code, requested.data[0]["state"]) == (202, "waiting")
    checks.run_check(requested.data[0]["id"])
    last_run = api.get("/api/v1/check-runs/", {"incident": fresh.pk}).data["results"][0]
    assert (last_run["holds"], last_run["value"], last_run["service"]) == (False, 1.0, "orders-db")


def test_checks_of_a_hidden_cause_stay_hidden(other: User, cause: Cause) -> None:
    Check.objects.create(cause=cause, source="metrics", name="scans", query="x", threshold=1)
    for incident in Incident.objects.all():
        edit_incident(incident, private=True)
    Incident.objects.update(reporter=None)
    api = APIClient()
    api.force_authenticate(other)
    assert api.get("/api/v1/checks/").data["results"] == []
    body = {"cause": cause.pk, "name": "y", "source": "metrics", "query": "x", "threshold": 1}
    assert "cause" in api.post("/api/v1/checks/", body, format="json").data["errors"]


def test_a_check_that_ran_before_its_time_was_over_runs_again_when_evidence_changes(
    fresh: Incident, cause: Cause, server: Any
) -> None:
    """A minute into a fault a check may not hold yet; its result stays until the new one."""
    requested = check(cause, server("well"), threshold=5)
    first = run(fresh, cause)
    assert first.holds is False
    Check.objects.filter(pk=requested.pk).update(threshold=0.5)
    checks.requeue_early(fresh)
    assert checks.factors(fresh) == {cause.pk: checks.DOES_NOT_HOLD}
    assert checks.run_check(first.pk)
    assert checks.factors(fresh) == {cause.pk: checks.HOLDS}
    CheckRun.objects.update(finished_at=fresh.impact_started_at + timedelta(hours=1))
    checks.requeue_early(fresh)
    assert CheckRun.objects.get().state == "done"
