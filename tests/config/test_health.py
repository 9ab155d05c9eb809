"""What load balancers, containers and monitoring learn of the product's health."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import F
from django.test import Client

from analysis.suggestions.live_index import index_file
from common import process_cache
from config.version import VERSION
from incidents import scheduled_runs
from incidents.models import Integration, IntegrationSecret, ScheduledRun
from incidents.tasks import HEARTBEAT, worker_heartbeat


@pytest.mark.django_db
def test_it_is_well_while_the_database_answers_whoever_wants_to_know(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, f"ok {VERSION}\n".encode())


@pytest.mark.django_db
def test_without_the_database_it_is_not_well_and_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused to host 10.0.0.7")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.content == b"the database does not answer\n"


@pytest.fixture
def running(db: None) -> None:
    """Beat and a worker have just given signs of life."""
    scheduled_runs.begin([HEARTBEAT])
    worker_heartbeat()


def ask(client: Client, strict: bool = False) -> tuple[int, dict[str, Any]]:
    process_cache.clear_all()
    answer = client.get("/readyz", {"strict": "1"} if strict else {})
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def test_it_is_ready_when_everything_works(client: Client, running: None) -> None:
    status, body = ask(client, strict=True)
    assert status == 200, body
    assert body["status"] == "ready"
    assert set(body["checks"].values()) == {"ok"}
    assert client.get("/livez").status_code == 200


def readiness() -> tuple[int, str]:
    """The exit code of `manage.py readiness`, and what it prints."""
    process_cache.clear_all()
    output = StringIO()
    try:
        call_command("readiness", stdout=output)
    except SystemExit as ended:
        return int(ended.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_a_command_says_the_same_where_no_web_answers(running: None) -> None:
    code, said = readiness()
    assert code == 0, said
    assert {"database: ok", "workers: ok", "backup: ok"} <= set(said.splitlines())
    ScheduledRun.objects.filter(name="worker").delete()
    code, said = readiness()
    assert code == 1
    assert "workers: did no task for a minute: is a celery worker running?" in said


def test_the_command_needs_no_database_to_say_that_there_is_none(
    running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused to host 10.0.0.7")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        said = readiness()
    assert said == (1, "database: does not answer\n")


@pytest.mark.parametrize(
    ("name", "seconds", "said"),
    [
        ("worker", 120, "did no task for a minute: is a celery worker running?"),
        (HEARTBEAT, 120, "sends no periodic tasks: is celery beat running?"),
        pytest.param("worker", -3600, "did no task for a minute: is a celery worker running?",
                     id="a sign from the future, written before the clock was set back"),
    ],
)  # fmt: skip
def test_pages_are_served_without_workers_and_beat_but_it_says_so(
    client: Client, running: None, name: str, seconds: int, said: str
) -> None:
    rows = ScheduledRun.objects.filter(name=name)
    rows.update(last_at=F("last_at") - timedelta(seconds=seconds))
    status, body = ask(client)
    assert (status, body["status"]) == (200, "degraded")
    assert said in body["checks"].values()
    assert ask(client, strict=True)[0] == 503


def test_without_redis_work_waits_and_it_says_so(
    client: Client, running: None, settings: Any
) -> None:
    settings.REDIS_URL = "redis://:hidden-word@127.0.0.1:1/0"
    status, body = ask(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["redis"] == "does not answer; work waits in the database"
    assert "hidden-word" not in str(body)


@pytest.mark.parametrize(("days", "status"), [(0.9, "ready"), (1.2, "degraded")])
def test_an_index_file_that_needed_no_change_for_a_day_is_well(
    client: Client, running: None, days: float, status: str
) -> None:
    index_file().parent.mkdir(exist_ok=True)
    index_file().touch()
    os.utime(index_file(), (time.time() - days * 86_400,) * 2)
    try:
        assert ask(client)[1]["status"] == status
    finally:
        index_file().unlink()


def test_with_another_key_than_secrets_were_sealed_with_it_is_not_ready(
    client: Client, running: None, settings: Any
) -> None:
    IntegrationSecret.issue(Integration.objects.create(kind="alertmanager", name="a"))
    assert ask(client)[0] == 200
    settings.SECRET_KEY = "lost-and-replaced"
    status, body = ask(client)
    assert (status, body["status"]) == (503, "unready")
    assert "SECRET_KEY_FALLBACKS" in body["checks"]["keys"]


def test_before_migrations_are_applied_it_is_not_ready(client: Client, running: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'incidents' AND name = "
            "(SELECT max(name) FROM django_migrations WHERE app = 'incidents')"
        )
    status, body = ask(client)
    assert status == 503
    assert body["checks"]["migrations"] == "1 are not applied: run manage.py migrate"


def test_without_the_database_it_is_not_ready_and_alive(
    client: Client, running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused to host 10.0.0.7")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        status, body = ask(client)
        assert client.get("/livez").status_code == 200
    assert status == 503
    assert body["checks"] == {"database": "does not answer"}
