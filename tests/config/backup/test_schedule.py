"""Backups by schedule: when they are due, and how anybody learns that none is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db.models import F
from django.test import Client

from common import process_cache
from config.backup import schedule, servers
from config.backup.archive import BackupError
from incidents import scheduled_runs
from incidents.models import ScheduledRun
from people.models import AuditEntry

pytestmark = pytest.mark.django_db


class Maker:
    made = 0
    failing = False

    def __call__(self) -> None:
        if self.failing:
            raise BackupError("No space left.")
        self.made += 1


@pytest.fixture
def make() -> Maker:
    return Maker()


def hours_pass(hours: float) -> None:
    ScheduledRun.objects.update(last_at=F("last_at") - timedelta(hours=hours))


def said() -> str:
    process_cache.clear_all()
    return str(Client().get("/readyz").json()["checks"]["backup"])


def test_one_is_made_when_its_time_has_come(make: Maker, settings: Any) -> None:
    settings.BACKUP_EVERY_HOURS = 24
    assert "none was made yet" in said()
    assert schedule.run_if_due(make)
    assert not schedule.run_if_due(make)
    assert said() == "ok"
    hours_pass(23.9)
    assert not schedule.run_if_due(make)
    hours_pass(0.2)
    assert schedule.run_if_due(make)
    assert make.made == 2


def test_nothing_is_made_and_nothing_is_missed_without_a_schedule(make: Maker) -> None:
    assert not schedule.run_if_due(make)
    assert said() == "ok"


def test_a_failure_is_tried_again_and_everybody_learns_of_it(make: Maker, settings: Any) -> None:
    settings.BACKUP_EVERY_HOURS = 24
    schedule.run_if_due(make)
    hours_pass(24)
    make.failing = True
    assert not schedule.run_if_due(make)
    entry = AuditEntry.objects.get(event="backup.failed")
    assert entry.record_name == "No space left."
    hours_pass(1.5)
    assert said() == "none was made for 26 hours: the worker's log says why"
    process_cache.clear_all()
    assert Client().get("/readyz").json()["status"] == "degraded"
    make.failing = False
    assert schedule.run_if_due(make)
    assert said() == "ok"


def test_two_workers_make_one_backup(make: Maker, settings: Any) -> None:
    settings.BACKUP_EVERY_HOURS = 24
    with psycopg.connect(**servers.address()) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [schedule.LOCK])
        assert not schedule.run_if_due(make)
    assert schedule.run_if_due(make)


def test_after_the_clock_was_set_back_one_is_made(make: Maker, settings: Any) -> None:
    settings.BACKUP_EVERY_HOURS = 24
    schedule.run_if_due(make)
    hours_pass(-48)
    assert "hours" in said()
    assert schedule.run_if_due(make)
    assert scheduled_runs.ages()[schedule.DONE] < 60
