"""What /metrics says of the running product."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone
from redis import Redis

from analysis.evidence import planning, pulling
from analysis.models import Evidence, Source
from common import counting
from common.redis_client import redis_client
from config.celery import app
from incidents.filing import file_incident
from incidents.intake.processing import process_waiting
from incidents.models import Delivery, Event, Incident, ScheduledRun, Service
from kb import answers
from kb.models import NotificationDelivery, NotificationRule, Workspace
from kb.notifications import SENT, deliver_due
from tests.incidents.signed_requests import make, request_for, sample
from tests.observability.conftest import Samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_counts")]
Scrape = Callable[[], Samples]


def test_requests_are_counted_by_route_and_never_by_what_somebody_typed(
    scrape: Scrape, web: Client, incident: Incident
) -> None:
    web.get(incident.get_absolute_url())
    web.get("/no/such/page-with-a-zebrafish")
    web.get("/?q=zebrafish")
    web.generic("ZEBRAFISH", "/livez")
    web.get("/static/zebrafish.css")
    found = scrape()
    name = "causebook_http_requests_total"
    assert found[name, *sorted(["GET", "incidents:incident", "2xx"])] == 1
    assert found[name, *sorted(["GET", "none", "4xx"])] == 1
    assert found[name, *sorted(["other", "livez", "2xx"])] == 1
    assert found[name, *sorted(["GET", "static", "4xx"])] == 1
    assert found["causebook_http_request_seconds_count", "GET", "incidents:incident"] == 1
    assert found["causebook_http_request_seconds_bucket", "+Inf", "GET", "incidents:incident"] == 1
    assert "zebrafish" not in str(found).lower()


def test_webhooks_are_counted_from_receipt_to_the_end(scrape: Scrape, client: Client) -> None:
    integration, secret = make("alertmanager")
    body = sample("alertmanager")
    path, body, headers = request_for("alertmanager", integration.slug, secret, body)

    def post(path: str = path, body: bytes = body, **more: str) -> None:
        client.post(path, body, content_type="application/json", headers={**headers, **more})

    post()
    post(body=b"{")
    post(Authorization="Bearer wrong")
    post("/hooks/zebrafish/")
    process_waiting()
    found = scrape()
    counted = {
        key[1:]: value for key, value in found.items() if key[0] == "causebook_webhooks_total"
    }
    assert counted[tuple(sorted(["alertmanager", "stored"]))] == 1
    assert counted[tuple(sorted(["alertmanager", "refused"]))] == 1
    assert counted[tuple(sorted(["alertmanager", "unreadable"]))] == 1
    assert counted["unknown", "unknown"] == 1
    assert found["causebook_deliveries_processed_count", "alertmanager", "done"] == 1


def test_series_have_the_same_order_at_each_scrape_however_many_there_are(scrape: Scrape) -> None:
    """Redis keeps the order of a small hash only: this one is larger."""
    for number in range(600, 0, -1):
        SENT.add(f"platform{number:03}", "sent")
    names = [key[1] for key in scrape() if key[0] == "causebook_notifications_total"]
    assert len(names) == 600
    assert names == sorted(names)


def test_pulls_are_counted_by_kind_of_source_and_outcome(
    scrape: Scrape, incident: Incident, server: Callable[[str], str]
) -> None:
    templates = "any | cpu | cores | x{$selector}"
    for name, behaviour in (("a", "well"), ("b", "garbage")):
        settings = {"url": server(behaviour), "templates": templates}
        Source.objects.create(name=name, kind="prometheus", settings=settings)
    for request_id in planning.plan_evidence(incident):
        pulling.pull(request_id)
    found = scrape()
    outcomes = {
        next(label for label in key[1:] if label != "prometheus"): value
        for key, value in found.items()
        if key[0] == "causebook_pulls_count"
    }
    assert outcomes.pop("answered") == 1
    assert sum(outcomes.values()) == 1, "a source that fails is counted as that"
    assert found["causebook_sources", "answering"] == 2


@pytest.mark.django_db(transaction=True)
def test_an_incidents_first_answer_and_first_evidence_are_counted_once(
    scrape: Scrape, server: Callable[[str], str]
) -> None:
    incident = file_incident(title="orders-db is slow", services=[Service.objects.create(name="x")])
    Incident.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    templates = "any | cpu | cores | x{$selector}\nany | memory | bytes | y{$selector}"
    settings = {"url": server("well"), "templates": templates}
    Source.objects.create(name="a", kind="prometheus", settings=settings)
    assert "causebook_first_evidence_count" not in {name for name, *_ in scrape()}
    for request_id in planning.plan_evidence(incident):
        pulling.pull(request_id)
    for _ in range(2):
        answers.state_answer(Incident.objects.get())
    assert Evidence.objects.count() == 2
    found = scrape()
    for name in ("causebook_first_evidence", "causebook_first_answers"):
        assert found[f"{name}_count",] == 1
        assert found[f"{name}_bucket", "15"] == 0
        assert found[f"{name}_bucket", "30"] == 1


def test_notifications_are_counted_by_platform_and_outcome(
    scrape: Scrape, incident: Incident, server: Callable[[str], str]
) -> None:
    workspace = Workspace.objects.create(kind="webhook", name="w", settings={})
    NotificationRule.objects.create(workspace=workspace, events=["incident.filed"])
    deliver_due()
    assert NotificationDelivery.objects.count() == 1
    found = scrape()
    counted = [key for key in found if key[0] == "causebook_notifications_total"]
    assert [key for key in counted if "webhook" in key]
    assert not [key for key in counted if "sent" in key]


def test_tasks_are_counted_by_outcome_and_lost_ones_too(scrape: Scrape, monkeypatch: Any) -> None:
    from config.celery import begin_task, count_expired_task, count_lost_task, end_task

    task = app.tasks["incidents.tasks.sweep_intake"]
    for state in ("SUCCESS", "FAILURE"):
        begin_task(task_id=state, task=task)
        count_lost_task(task_id=state, sender=task)
        end_task(task_id=state, task=task, state=state)
    count_lost_task(task_id="killed", sender=task)
    count_expired_task(sender=task, expired=True)
    found = scrape()
    for outcome in ("done", "failed", "lost", "expired"):
        key = ("causebook_tasks_count", *sorted(["incidents.tasks.sweep_intake", outcome]))
        assert found[key] == 1, outcome


def test_what_waits_and_what_is_silent_can_be_seen(
    scrape: Scrape, running: None, incident: Incident
) -> None:
    integration, _ = make("alertmanager")
    old = timezone.now() - timedelta(minutes=20)
    Delivery.objects.create(integration=integration, sender_id="a", body=b"{}", received_at=old)
    Event.objects.update(planned_at=None, at=old)
    ScheduledRun.objects.filter(name="worker").update(last_at=F("last_at") - timedelta(minutes=9))
    found = scrape()
    assert found["causebook_deliveries_oldest_seconds",] >= 1200
    assert found["causebook_events_oldest_seconds",] >= 1200
    assert found["causebook_silent_seconds", "worker"] >= 540
    assert found["causebook_silent_seconds", "beat"] < 60
    ill = {key[1] for key, value in found.items() if key[0] == "causebook_check_ok" and not value}
    assert ill == {"deliveries", "events", "workers"}
    assert found["causebook_queue_messages", "celery"] >= 0
    assert sum(v for k, v in found.items() if k[0] == "causebook_database_connections") >= 1
    assert found["causebook_database_connections_max",] > 1
    assert found["causebook_database_bytes",] > 1e6
    assert found["causebook_disk_free_bytes",] > 0


def test_counts_wait_for_redis_and_are_not_lost(
    scrape: Scrape, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.1)
    livez = ("causebook_http_requests_total", *sorted(["GET", "livez", "2xx"]))
    with monkeypatch.context() as patch:
        patch.setattr(counting, "redis_client", lambda: away)
        for _ in range(3):
            assert client.get("/livez").status_code == 200
        assert livez not in scrape(), "but it answers"
    assert scrape()[livez] == 3


def test_what_another_release_counted_differently_is_left_out(scrape: Scrape) -> None:
    wrong: list[Any] = [
        "no json", json.dumps({"a": 1}), json.dumps(["webhooks", ["one label"], ""]),
        json.dumps(["of old", [], ""]), json.dumps([["webhooks"], [], ""]),
    ]  # fmt: skip
    for field in wrong:
        redis_client().hincrbyfloat(counting.KEY, field, 1)
    assert "one label" not in str(scrape())


def test_nothing_of_a_private_incident_is_in_the_figures_of_the_product(
    scrape: Scrape, user: User, web: Client
) -> None:
    private = file_incident(title="Zebrafish", private=True, reporter=user)
    web.get(private.get_absolute_url())
    assert "zebrafish" not in str(scrape()).lower()
