"""The database is the truth: claims, retries, dead workers, lost messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis import tasks
from analysis.evidence import following, planning, pulling
from analysis.models import Evidence, EvidenceRequest, Source
from incidents.filing import file_incident
from incidents.models import Incident, Service
from people.membership import give_role
from people.models import Role
from tests.misbehaving_server import BEHAVIOURS

pytestmark = pytest.mark.django_db
TEMPLATES = "any | cpu | cores | x{$selector}"


@pytest.fixture
def source(server: Callable[[str], str]) -> Callable[..., Source]:
    def make(behaviour: str, **settings: Any) -> Source:
        chosen = {"url": server(behaviour), "templates": TEMPLATES, **settings}
        return Source.objects.create(name="p", kind="prometheus", settings=chosen)

    return make


def planned(incident: Incident) -> EvidenceRequest:
    [request_id] = planning.plan_evidence(incident)
    return EvidenceRequest.objects.get(pk=request_id)


def test_planning_twice_adds_nothing(incident: Incident, source: Any) -> None:
    source("well")
    assert planning.plan_evidence(incident) == planning.plan_evidence(incident)
    assert incident.evidence_requests.count() == 1


def test_neighbours_are_pulled_too(incident: Incident, database: Service, source: Any) -> None:
    database.depends_on.add(Service.objects.create(name="storage"))
    source("well")
    assert len(planning.plan_evidence(incident)) == 2


def test_a_pull_freezes_what_came_back(incident: Incident, source: Any) -> None:
    source("well")
    request = planned(incident)
    assert pulling.pull(request.pk)
    request.refresh_from_db()
    assert request.state == "done"
    assert request.evidence.items()[0]["values"] == [1.0]
    assert request.evidence.query == 'x{service="orders-db"}'


@pytest.fixture
def empty_queue() -> None:
    queue = current_app.amqp.router.route({}, tasks.pull_evidence.name)["queue"]
    with current_app.connection_for_write() as connection:
        queue(connection.default_channel).purge()


def test_the_sweep_adds_no_pull_to_a_queue_that_is_long(
    incident: Incident, source: Any, empty_queue: None
) -> None:
    """Copies of pulls would fill the queue, and those of a new incident come behind them."""
    source("well")
    planned(incident)
    tasks.sweep()
    assert tasks.messages_queued() == 1
    for _ in range(tasks.MAX_QUEUED):
        tasks.pull_evidence.delay(0)
    tasks.sweep()
    assert tasks.messages_queued() == 1 + tasks.MAX_QUEUED


def test_where_many_pulls_wait_only_the_likeliest_of_an_incident_join_them(
    incident: Incident, source: Any, empty_queue: None
) -> None:
    templates = "\n".join(f"any | metric {n} | | m{n}{{$selector}}" for n in range(60))
    source("well", templates=templates)
    tasks.plan_evidence(incident.pk)
    assert incident.evidence_requests.count() == 60
    assert tasks.messages_queued() == tasks.MAX_QUEUED
    tasks.plan_evidence(incident.pk)
    assert tasks.messages_queued() == tasks.MAX_QUEUED + tasks.FIRST_PULLS


def test_running_it_again_changes_nothing(incident: Incident, source: Any) -> None:
    source("well")
    request = planned(incident)
    pulling.pull(request.pk)
    first = Evidence.objects.get().taken_at
    assert not pulling.pull(request.pk)
    assert Evidence.objects.get().taken_at == first


def test_a_claim_is_nobody_elses_until_its_lease_runs_out(incident: Incident, source: Any) -> None:
    source("well")
    request = planned(incident)
    assert pulling.claim(request.pk)
    assert not pulling.claim(request.pk)
    assert pulling.due_requests(10) == []
    past = timezone.now() - timedelta(seconds=1)
    EvidenceRequest.objects.update(lease_until=past)
    assert pulling.due_requests(10) == [request.pk]
    assert pulling.pull(request.pk)


def test_who_lost_the_claim_writes_nothing(incident: Incident, source: Any) -> None:
    source("well")
    request = pulling.claim(planned(incident).pk)
    assert request
    EvidenceRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    pulling.pull(request.pk)
    pulling._settle(request, error="too late")
    request.refresh_from_db()
    assert (request.state, request.error) == ("done", "")


def test_a_passing_failure_is_tried_again_and_then_stated(incident: Incident, source: Any) -> None:
    source("500")
    request = planned(incident)
    for _ in range(pulling.MAX_ATTEMPTS):
        EvidenceRequest.objects.update(not_before=timezone.now())
        assert pulling.pull(request.pk)
    request.refresh_from_db()
    assert request.state == "failed"
    assert "answered 500" in request.error
    # What a server writes is for those who manage sources.
    assert "disk on fire" not in request.error
    assert "disk on fire" in Source.objects.get().last_refusal


def test_a_lasting_failure_is_stated_at_once_and_can_be_pulled_again(
    incident: Incident, source: Any, web: Client
) -> None:
    source("401")
    request = planned(incident)
    pulling.pull(request.pk)
    page = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    assert "refused the credentials" in page
    assert following.pull_again(incident) == [request.pk]


def test_a_plugin_that_breaks_ends_as_a_stated_gap(
    incident: Incident, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source("well")
    request = planned(incident)

    def broken(*_: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr("analysis.sources.prometheus.Prometheus.pull", broken)
    pulling.pull(request.pk)
    request.refresh_from_db()
    assert request.state == "failed"
    assert "unexpectedly" in request.error


def test_the_sweep_finds_incidents_nobody_planned(incident: Incident) -> None:
    Incident.objects.update(created_at=timezone.now() - timedelta(seconds=10))
    assert list(planning.unplanned_incidents()) == [incident]


def test_old_history_is_not_pulled(source: Any, database: Service) -> None:
    source("well")
    long_ago = timezone.now() - timedelta(days=200)
    old = file_incident(
        title="Old", services=[database], impact_started_at=long_ago,
        resolved_at=long_ago + timedelta(hours=1), status="resolved",
    )  # fmt: skip
    assert planning.plan_evidence(old) == []


def test_secrets_are_sealed_and_never_shown(source: Any, admin_client: Client) -> None:
    made = source("well")
    address = f"/analysis/sources/{made.pk}/edit/"
    form = {"source_name": "p", "url": made.settings["url"], "password": "hunter2", "enabled": "on",
            "selector": "a", "templates": TEMPLATES, "username": "u"}  # fmt: skip
    assert admin_client.post(address, form).status_code == 302
    made.refresh_from_db()
    assert made.secrets == {"password": "hunter2"}
    assert "hunter2" not in made.sealed
    assert "hunter2" not in str(made.settings)
    assert "hunter2" not in admin_client.get(address).content.decode()
    admin_client.post(address, {**form, "password": ""})
    made.refresh_from_db()
    assert made.secrets == {"password": "hunter2"}


def test_sources_can_only_be_changed_with_permission(web: Client, source: Any) -> None:
    assert web.get(f"/analysis/sources/{source('well').pk}/edit/").status_code == 403


def test_a_probe_says_what_to_change(web: Client, user: User, source: Any) -> None:
    give_role(user, Role.MANAGER)
    made = source("garbage")
    answer = web.post(f"/analysis/sources/{made.pk}/probe/").content.decode()
    assert "Is the address right?" in answer


def test_no_more_is_sent_to_a_source_at_once_than_it_allows(
    incident: Incident, source: Any
) -> None:
    source("well", at_once=1, templates="any | cpu | | x\nany | memory | | y")
    first, second = planning.plan_evidence(incident)
    assert pulling.claim(first)
    assert pulling.claim(second) is None
    later = EvidenceRequest.objects.get(pk=second)
    assert (later.state, later.attempts) == ("waiting", 0)
    assert later.not_before > timezone.now()


def test_no_more_is_sent_to_a_source_a_minute_than_it_allows(
    incident: Incident, source: Any
) -> None:
    source("well", per_minute=1, templates="any | cpu | | x\nany | memory | | y")
    first, second = planning.plan_evidence(incident)
    assert pulling.pull(first)
    assert not pulling.pull(second)
    EvidenceRequest.objects.update(
        not_before=timezone.now(), claimed_at=timezone.now() - timedelta(minutes=2)
    )
    assert pulling.pull(second)


def test_the_same_hours_of_earlier_days_are_stored_with_a_series(
    incident: Incident, server: Any
) -> None:
    start = (incident.impact_started_at - planning.BEFORE).timestamp()

    def answer(days: int) -> Any:
        points = [[start - days * 86_400 + 60 * i, str(days + i % 3)] for i in range(200)]
        return {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": {}, "values": points}]},
        }

    shifts: list[float] = []

    def by_day(self: Any) -> None:
        query = parse_qs(urlsplit(self.path).query)
        days = round((start - float(query["start"][0])) / 86_400)
        shifts.append(days)
        self.reply(200, json.dumps(answer(days)).encode())

    settings = {"url": server(by_day), "templates": TEMPLATES}
    Source.objects.create(name="p", kind="prometheus", settings=settings)
    pulling.pull(planned(incident).pk)
    [item] = Evidence.objects.get().items()
    assert shifts == [0, 1, 7]
    assert [day[0] for day in item["earlier"]] == [1.0, 7.0]
    assert len(item["earlier"][0]) == len(item["values"])


@pytest.mark.clock
def test_a_source_that_hangs_is_left_alone_until_it_answers_again(
    incident: Incident, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every request of every incident would hold a worker for a full time-out."""
    monkeypatch.setattr(pulling, "DEADLINE", 0.3)
    down = [True]

    def sometimes(request: Any) -> None:
        BEHAVIOURS["slow" if down[0] else "well"](request)

    lines = "\n".join(f"any | m{n} | | m{n}{{$selector}}" for n in range(6))
    made = source(sometimes, templates=lines)
    ids = planning.plan_evidence(incident)
    began = time.monotonic()
    for request_id in ids:
        assert pulling.pull(request_id)
    assert time.monotonic() - began < 3 * 0.3 + 1
    last = EvidenceRequest.objects.get(pk=ids[-1])
    assert last.state == "waiting"
    assert "Not queried: it failed 3 times in a row, last with" in last.error

    down[0] = False
    Source.objects.update(resting_until=timezone.now())
    EvidenceRequest.objects.update(not_before=timezone.now())
    monkeypatch.setattr(pulling, "DEADLINE", 15)
    for request_id in ids:
        pulling.pull(request_id)
    assert set(EvidenceRequest.objects.values_list("state", flat=True)) == {"done"}
    made.refresh_from_db()
    assert (made.failures, made.trouble) == (0, "")
