"""Periodic tasks: sent once however many copies of beat run, whatever clocks and servers do."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.beat import SchedulingError
from django.db import DatabaseError, connection
from django.db.models import F

from config.beat import LONGEST_SLEEP, RETRY_AFTER, DatabaseScheduler
from config.celery import app
from incidents import scheduled_runs
from incidents.models import ScheduledRun

NAME, EVERY = "apply-retention", 300.0
pytestmark = pytest.mark.django_db


class Beat(DatabaseScheduler):
    """Beat that notes what it would send."""

    def __init__(self, **options: Any) -> None:
        super().__init__(app, **options)
        self.sent: list[str] = []
        self.broker_is_away = False

    @property
    def producer(self) -> Any:
        return None

    def apply_async(self, entry: Any, *_: Any, **__: Any) -> None:
        if self.broker_is_away:
            raise SchedulingError("no broker")
        self.sent.append(entry.name)


@pytest.fixture(autouse=True)
def connection_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives in a transaction, which must not be closed between two ticks."""
    monkeypatch.setattr("config.beat.close_old_connections", lambda: None)


@pytest.fixture
def beat() -> Beat:
    """Beat that has just started on a new database."""
    beat = Beat()
    beat.tick()
    assert beat.sent == []
    return beat


def pass_time(seconds: float) -> None:
    ScheduledRun.objects.update(last_at=F("last_at") - timedelta(seconds=seconds))


def test_each_task_is_sent_when_its_time_has_come_and_no_sooner(beat: Beat) -> None:
    assert 0 < beat.tick() <= 2
    pass_time(EVERY - 60)
    beat.tick()
    assert NAME not in beat.sent
    assert "sweep-intake" in beat.sent
    pass_time(61)
    beat.tick()
    beat.tick()
    assert beat.sent.count(NAME) == 1


def test_a_restart_remembers_so_that_daily_tasks_run_though_it_is_restarted_daily(
    beat: Beat,
) -> None:
    pass_time(EVERY / 2)
    Beat().tick()
    pass_time(EVERY / 2)
    again = Beat()
    again.tick()
    assert NAME in again.sent


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_was_set_back_stops_nothing(beat: Beat, hours: int) -> None:
    pass_time(-hours * 3600)
    beat.tick()
    assert set(beat.sent) == set(app.conf.beat_schedule)
    beat.sent.clear()
    assert 0 < beat.tick() <= 2
    assert beat.sent == []


def test_what_the_broker_did_not_take_is_sent_when_it_is_back(beat: Beat) -> None:
    pass_time(EVERY)
    beat.broker_is_away = True
    assert beat.tick() <= RETRY_AFTER
    beat.broker_is_away = False
    beat.tick()
    assert beat.sent.count(NAME) == 1


def test_it_waits_for_a_database_that_does_not_answer(
    beat: Beat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sign = tmp_path / "beat-schedule"
    beat = Beat(schedule_filename=str(sign))
    with monkeypatch.context() as away:
        away.setattr(scheduled_runs, "ages", lambda: _raise(DatabaseError("away")))
        away.setattr(connection, "close", lambda: None)
        assert beat.tick() == RETRY_AFTER
    pass_time(EVERY)
    assert beat.tick() <= LONGEST_SLEEP
    assert NAME in beat.sent
    assert sign.exists(), "which a health check looks at"


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.django_db(transaction=True)
def test_of_two_copies_one_sends() -> None:
    scheduled_runs.begin([NAME])
    pass_time(EVERY)
    claimed: list[bool] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        claimed.append(scheduled_runs.claim(NAME, EVERY))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False, False, False, True]
