"""The product files an incident about itself when it is ill, and ends it when it is well."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from analysis.models import Source
from common import process_cache
from config import tasks
from config.celery import app
from config.observability import own_incidents
from config.observability.own_checks import CHECKS, problems
from config.observability.own_incidents import check, check_if_due
from config.readiness import ALSO, NEEDED
from incidents.models import Alert, Delivery, Event, Incident, ScheduledRun, Service
from incidents.tasks import HEARTBEAT
from kb.models import NotificationDelivery, NotificationRule, Workspace
from tests.incidents.signed_requests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running")]


def run_after(minutes: float) -> None:
    """The next check, so many minutes later."""
    passed = timedelta(minutes=minutes)
    Alert.objects.update(
        starts_at=F("starts_at") - passed, received_at=F("received_at") - passed,
        opens_at=F("opens_at") - passed, ends_at=F("ends_at") - passed,
    )  # fmt: skip
    process_cache.clear_all()
    check()


def silence(name: str, minutes: float) -> None:
    at = timezone.now() - timedelta(minutes=minutes)
    ScheduledRun.objects.filter(name=name).update(last_at=at)


def open_incidents() -> list[Incident]:
    return list(Incident.objects.exclude(status="resolved").filter(labels__has_key="alertname"))


def test_dead_workers_open_one_incident_after_minutes_and_it_ends_when_they_are_back(
    web: Client,
) -> None:
    silence("worker", 2)
    run_after(0)
    run_after(3)
    assert open_incidents() == [], "it may pass"
    for _ in range(4):
        run_after(3)
    [incident] = open_incidents()
    assert incident.title == "Causebook: No worker does any task"
    assert [str(service) for service in incident.services.all()] == ["Causebook"]
    page = web.get(incident.get_absolute_url()).content.decode()
    assert "is a celery worker running?" in page
    assert "docs/observability.md" in page
    silence("worker", 0)
    run_after(1)
    run_after(6)
    assert open_incidents() == []
    incident.refresh_from_db()
    assert incident.status == "resolved"


def test_what_passes_within_minutes_opens_nothing() -> None:
    silence(HEARTBEAT, 2)
    run_after(0)
    silence(HEARTBEAT, 0)
    run_after(2)
    run_after(20)
    assert Incident.objects.count() == 0
    assert Alert.objects.get().status == "resolved"


def test_what_is_ill_again_soon_after_joins_the_same_incident() -> None:
    for _ in range(2):
        silence("worker", 2)
        run_after(0)
        run_after(6)
        silence("worker", 0)
        run_after(1)
        run_after(6)
    assert Incident.objects.count() == 1
    assert Alert.objects.count() == 2


def make_ill(name: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    old = timezone.now() - timedelta(minutes=20)
    filed = Incident.objects.create(title="x")
    event = Event.objects.create(kind="incident.filed", incident=filed, text="x", path="/")
    workspace = Workspace.objects.create(kind="webhook", name="w", settings={})
    rule = NotificationRule.objects.create(workspace=workspace, events=["incident.filed"])
    Event.objects.update(planned_at=timezone.now())
    if name == "deliveries":
        integration, _ = make("alertmanager")
        Delivery.objects.create(integration=integration, sender_id="a", body=b"", received_at=old)
    elif name == "events":
        Event.objects.update(planned_at=None, at=old)
    elif name == "notification_queue":
        NotificationDelivery.objects.create(rule=rule, event=event, not_before=old)
    elif name == "notifications":
        NotificationDelivery.objects.create(
            rule=rule, event=event, state="failed", attempts=8, finished_at=timezone.now()
        )
    elif name == "pulls":
        source = Source.objects.create(name="p", kind="prometheus", settings={})
        filed.evidence_requests.create(
            source=source, what="cpu", query="x", not_before=old, window_start=old,
            window_end=timezone.now(),
        )  # fmt: skip
    elif name == "sources":
        Source.objects.create(
            name="p", kind="prometheus", settings={}, failures=3, resting_until=timezone.now()
        )
    elif name == "disk":
        usage = type("Usage", (), {"total": 100 * 1024**3, "free": 1024**3})
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    elif name == "redis":
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
    elif name == "beat":
        silence(HEARTBEAT, 20)
    elif name == "workers":
        silence("worker", 20)


TRIED = [*CHECKS, "redis", "beat", "workers"]


@pytest.mark.parametrize("name", TRIED)
def test_each_illness_is_found_reported_and_explained(
    name: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    assert not any(problems().values())
    make_ill(name, monkeypatch, settings)
    process_cache.clear_all()
    assert {each for each, problem in problems().items() if problem} == {name}
    run_after(0)
    run_after(6)
    [incident] = open_incidents()
    assert incident.title == f"Causebook: {own_incidents.TITLES[name]}"


def test_every_check_has_a_title() -> None:
    assert {*NEEDED, *ALSO, *CHECKS} - own_incidents.NOT_REPORTED == set(own_incidents.TITLES)


def test_several_illnesses_of_one_moment_are_one_incident() -> None:
    silence("worker", 2)
    silence(HEARTBEAT, 2)
    run_after(0)
    run_after(6)
    [incident] = open_incidents()
    assert incident.alerts.count() == 2


def test_a_person_who_resolved_it_is_left_alone_while_it_lasts() -> None:
    silence("worker", 2)
    run_after(0)
    run_after(6)
    Incident.objects.update(status="resolved", resolved_at=timezone.now())
    run_after(10)
    run_after(10)
    assert Incident.objects.count() == 1
    assert open_incidents() == []


def test_it_can_be_switched_off_and_the_service_can_have_another_name(settings: Any) -> None:
    settings.OWN_SERVICE = "kb"
    Service.objects.create(name="KB", tier="supplementary")
    silence("worker", 2)
    run_after(0)
    run_after(6)
    [incident] = open_incidents()
    assert [str(service) for service in incident.services.all()] == ["KB"]
    settings.OWN_INCIDENTS = False
    run_after(1)
    run_after(6)
    assert open_incidents() == []
    assert not Service.objects.filter(name="Causebook").exists()


def test_whoever_checks_of_all_processes_it_is_done_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beat and a worker by the schedule, each web process by itself: any of them may be dead."""
    runs: list[None] = []
    monkeypatch.setattr(own_incidents, "check", lambda: runs.append(None))
    check_if_due()
    silence(own_incidents.RUN, 1)
    runs.clear()
    tasks.check_itself()
    assert [check_if_due() for _ in range(3)] == [False] * 3
    assert len(runs) == 1
    assert tasks.check_itself.name in {
        entry["task"] for entry in app.conf.beat_schedule.values()
    } & set(app.tasks)
