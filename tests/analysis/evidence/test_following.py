"""Evidence follows its incident: on a timer, when something joins, until it has recovered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from analysis.evidence import following, planning, pulling
from analysis.models import Evidence, EvidenceRequest, Finding, FollowUp, Source
from incidents import filing
from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service

pytestmark = pytest.mark.django_db
TEMPLATES = "any | cpu | cores | x{$selector}"


def matrix(request: Any, value: Callable[[float], float] = lambda at: 1.0) -> None:
    """A Prometheus with a sample every 15 s until now."""
    query = parse_qs(urlsplit(request.path).query)
    start, end, step = (float(query[name][0]) for name in ("start", "end", "step"))
    request.server.asked = [*getattr(request.server, "asked", []), (start, end)]
    count = max(0, int((min(end, time.time()) - start) / step) + 1)
    points = [[start + n * step, f"{value(start + n * step):g}"] for n in range(count)]
    rows = [{"metric": {"pod": "a"}, "values": points}] if points else []
    body = {"status": "success", "data": {"resultType": "matrix", "result": rows}}
    request.reply(200, json.dumps(body).encode())


@pytest.fixture
def source(server: Callable[[Any], str]) -> Source:
    settings = {"url": server(matrix), "templates": TEMPLATES}
    return Source.objects.create(name="p", kind="prometheus", settings=settings)


def filed(service: Service, minutes: float = 5, **fields: Any) -> Incident:
    """An incident whose impact began so many minutes ago, with its first evidence pulled."""
    began = timezone.now() - timedelta(minutes=minutes)
    incident = file_incident(
        title="orders-db is slow", services=[service], impact_started_at=began, **fields
    )
    planning.plan_evidence(incident)
    pull_all()
    following.follow_incidents()
    pull_all()
    return incident


def pull_all() -> None:
    for key in pulling.due_requests(1000):
        pulling.pull(key)


def let_pass(minutes: float) -> None:
    """As if the last pulls had been so many minutes ago."""
    ago = timedelta(minutes=minutes)
    for rows, names in (
        (FollowUp.objects.all(), ("due_at", "first_at", "last_at")),
        (EvidenceRequest.objects.all(), ("window_start", "window_end")),
        (Evidence.objects.all(), ("window_start", "window_end", "taken_at")),
        (
            Incident.objects.all(),
            ("impact_started_at", "detected_at", "mitigated_at", "resolved_at"),
        ),
    ):
        for row in rows:
            moved = {n: getattr(row, n) - ago for n in names if getattr(row, n)}
            if isinstance(row, Evidence):
                items = row.items()
                for item in items:
                    item["times"] = [at - ago.total_seconds() for at in item["times"]]
                row.freeze(items)
                moved["content"] = row.content
            type(row)._default_manager.filter(pk=row.pk).update(**moved)


def test_the_timer_backs_off_to_less_than_an_hour() -> None:
    waits = [following.wait_after(rounds).total_seconds() / 60 for rounds in range(8)]
    assert waits == [2, 5, 10, 20, 40, 50, 50, 50]


def test_nothing_is_pulled_again_before_it_is_due(database: Service, source: Source) -> None:
    incident = filed(database)
    assert following.follow_incidents() == 0
    assert incident.evidence_requests.get().pulls == 1


def test_a_window_is_extended_and_not_stored_again(database: Service, source: Source) -> None:
    incident = filed(database)
    first = Evidence.objects.get()
    samples, pulls = len(first.items()[0]["times"]), FollowUp.objects.get().rounds
    let_pass(3)
    assert following.follow_incidents() == 1
    pull_all()
    later = Evidence.objects.get()
    [item] = later.items()
    assert later.pk == first.pk
    grown = (later.window_end - later.window_start) - (first.window_end - first.window_start)
    assert timedelta(minutes=3) <= grown < timedelta(minutes=4)
    assert samples + 12 <= len(item["times"]) <= samples + 16
    assert item["times"] == sorted(set(item["times"]))
    request = incident.evidence_requests.get()
    assert (request.pulls, FollowUp.objects.get().rounds) == (2, pulls + 1)
    # The second pull fetched minutes, not hours.
    assert request.pulled_bytes < 1.3 * len(json.dumps(first.items()))


def test_following_twice_pulls_once(database: Service, source: Source) -> None:
    incident = filed(database)
    let_pass(3)
    assert [following.follow_up(incident.pk), following.follow_up(incident.pk)] == [True, False]


def test_a_slow_source_is_not_sent_more_before_it_has_answered(
    database: Service, source: Source
) -> None:
    incident = filed(database)
    let_pass(3)
    following.follow_incidents()
    let_pass(6)
    assert following.follow_incidents() == 0
    assert incident.evidence_requests.get().pulls == 1


@pytest.mark.parametrize("how", ["service", "severity", "alert", "mitigated", "resolved"])
def test_what_joins_is_a_reason_to_pull(how: str, database: Service, source: Source) -> None:
    incident = filed(database)
    let_pass(1.6)
    if how == "service":
        other = Service.objects.create(name="orders")
        filing.edit_incident(incident, services=[database, other])
    elif how == "severity":
        filing.set_severity(incident, "SEV1")
    elif how == "alert":
        now = timezone.now()
        Alert.objects.create(
            source="a 1", fingerprint="f", name="X", incident=incident, starts_at=now
        )
    else:
        filing.set_status(incident, how)
    assert following.follow_incidents() == 1
    pull_all()
    assert incident.evidence_requests.filter(service=database, pulls=2).exists()
    assert incident.evidence_requests.filter(service__name="orders").exists() is (how == "service")
    assert following.follow_incidents() == 0


def test_after_the_resolution_the_recovery_is_pulled_and_then_nothing(
    database: Service, source: Source
) -> None:
    incident = filed(database)
    let_pass(20)
    filing.set_status(incident, "resolved")
    following.follow_incidents()
    pull_all()
    let_pass(30)
    assert following.follow_incidents() == 1
    pull_all()
    incident.refresh_from_db()
    evidence = Evidence.objects.get()
    assert incident.resolved_at
    assert evidence.window_end == incident.resolved_at + following.RECOVERY
    assert evidence.items()[0]["times"][-1] > incident.resolved_at.timestamp() + 500
    assert FollowUp.objects.get().due_at is None
    let_pass(600)
    assert following.follow_incidents() == 0


def test_an_incident_that_is_opened_again_is_followed_again(
    database: Service, source: Source
) -> None:
    incident = filed(database)
    filing.set_status(incident, "resolved")
    following.follow_incidents()
    pull_all()
    let_pass(20)
    following.follow_incidents()
    assert FollowUp.objects.get().due_at is None
    filing.set_status(incident, "investigating")
    assert following.follow_incidents() == 1
    assert FollowUp.objects.get().due_at is not None


def test_an_old_incident_that_nobody_closed_is_left_alone(
    database: Service, source: Source
) -> None:
    filed(database, minutes=60 * 24 * 8)
    assert FollowUp.objects.get().due_at is None


def test_a_source_that_an_incident_has_cost_enough_is_pulled_at_its_end_only(
    database: Service, source: Source, web: Client
) -> None:
    source.settings["pulls_per_incident"] = 4
    source.save()
    incident = filed(database)
    for _ in range(4):
        let_pass(60)
        following.follow_incidents()
        pull_all()
    assert incident.evidence_requests.get().pulls == 3
    page = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    assert "3 of 4 pulls" in page
    assert "not pulled by itself any more" in page
    filing.set_status(incident, "resolved")
    following.follow_incidents()
    pull_all()
    assert incident.evidence_requests.get().pulls == 4


def test_a_pull_by_hand_fetches_services_that_joined_later(
    database: Service, source: Source, web: Client
) -> None:
    incident = filed(database)
    filing.edit_incident(incident, services=[database, Service.objects.create(name="orders")])
    web.post(f"/analysis/incidents/{incident.pk}/pull/")
    pull_all()
    assert set(incident.evidence.values_list("service__name", flat=True)) == {"orders", "orders-db"}


def test_the_page_marks_what_the_last_pull_found(
    database: Service, server: Callable[[Any], str], web: Client
) -> None:
    broken = [float("inf")]

    def values(request: Any) -> None:
        matrix(request, lambda at: 9.0 if at >= broken[0] else 1.0 + at % 2)

    settings = {"url": server(values), "templates": TEMPLATES}
    Source.objects.create(name="p", kind="prometheus", settings=settings)
    incident = filed(database)
    address = f"/analysis/incidents/{incident.pk}/evidence/"
    assert "rose above" not in web.get(address).content.decode()
    let_pass(6)
    broken[0] = time.time() - 300
    following.follow_incidents()
    pull_all()
    page = web.get(address).content.decode()
    assert "rose above" in page
    assert '<span class="tag good">just found</span>' in page
    Finding.objects.update(found_at=timezone.now() - timedelta(minutes=11))
    let_pass(6)
    following.follow_incidents()
    pull_all()
    page = web.get(address).content.decode()
    assert "rose above" in page
    assert '<span class="tag good">just found</span>' not in page


def test_a_page_that_nothing_is_new_for_is_not_sent_again(
    database: Service, source: Source, web: Client
) -> None:
    incident = filed(database)
    address = f"/analysis/incidents/{incident.pk}/evidence/"
    page = web.get(address)
    seen = page.context["version"]
    assert web.get(f"{address}?seen={seen}").status_code == 204
    let_pass(3)
    following.follow_incidents()
    pull_all()
    assert web.get(f"{address}?seen={seen}").status_code == 200


def test_the_api_says_when_and_at_what_cost(database: Service, source: Source, web: Client) -> None:
    incident = filed(database)
    answer = web.get(f"/api/v1/incidents/{incident.pk}/pull/").json()
    assert answer["last_at"] is None
    assert answer["next_at"] > timezone.now().isoformat()[:10]
    [cost] = answer["costs"]
    assert (cost["name"], cost["pulls"], cost["max_pulls"]) == ("p", 1, 3000)
    assert 0 < cost["pulled_bytes"] < cost["max_bytes"]


def test_two_reasons_shortly_after_another_are_one_pull(database: Service, source: Source) -> None:
    """What the pull for the first found stays marked as new."""
    incident = filed(database)
    let_pass(3)
    filing.set_severity(incident, "SEV1")
    following.follow_incidents()
    pull_all()
    first = FollowUp.objects.get()
    filing.set_severity(incident, "SEV2")
    following.follow_incidents()
    second = FollowUp.objects.get()
    assert second.seen["severity"] == "SEV2"
    assert (second.last_at, second.reason) == (first.last_at, "it is SEV1 now")
