"""What must work for the product to do its job, and whether it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from analysis.suggestions.live_index import MAX_FILE_AGE, index_file
from common.process_cache import ProcessCache
from common.redis_client import redis_client
from common.sealing import sealed_columns
from config.backup import schedule
from incidents import scheduled_runs
from incidents.tasks import HEARTBEAT

SILENT_AFTER = 60.0
"""Seconds without a sign of life from a process: some heartbeats may be late."""
INDEX_OLD_AFTER = MAX_FILE_AGE.total_seconds() + 3600
"""A worker writes the file when much has changed, and else once a day."""
FRESH = 1.0
"""Seconds that an answer is valid, so that nobody makes the database busy by asking."""


@dataclass(frozen=True)
class Check:
    name: str
    problem: str
    """empty where it works"""
    serves: bool
    """whether pages and webhooks answer without it"""


class _Problem(Exception):
    """The message says what does not work and the cure, and holds no address or secret."""


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def _database() -> None:
    if not database_answers():
        raise _Problem("does not answer")


def missing_migrations() -> int:
    """How many the database has not had yet."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrations() -> None:
    if missing := missing_migrations():
        raise _Problem(f"{missing} are not applied: run manage.py migrate")


def _keys() -> None:
    for column in sealed_columns():
        newest = column.rows().order_by("-pk").values_list(column.name, flat=True)[:1]
        if not all(map(column.is_readable, newest)):
            raise _Problem(
                "stored secrets cannot be read with this SECRET_KEY: "
                "put the former key into SECRET_KEY_FALLBACKS"
            )


def _redis() -> None:
    try:
        redis_client().ping()
    except (RedisError, OSError) as error:
        raise _Problem("does not answer; work waits in the database") from error


def _silent(name: str) -> float:
    """Seconds since `name` gave a sign of life."""
    age = scheduled_runs.ages().get(name, float("inf"))
    return abs(age)


def _beat() -> None:
    if _silent(HEARTBEAT) > SILENT_AFTER:
        raise _Problem("sends no periodic tasks: is celery beat running?")


def _workers() -> None:
    if _silent("worker") > SILENT_AFTER:
        raise _Problem("did no task for a minute: is a celery worker running?")


def _index() -> None:
    path = index_file()
    if path.exists() and time.time() - path.stat().st_mtime > INDEX_OLD_AFTER:
        raise _Problem("its file was not written for a day; each process builds its own")


def _backup() -> None:
    if problem := schedule.late():
        raise _Problem(problem)


NEEDED: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "keys": _keys,
}
"""Without these nothing is served. Asked in this order up to the first that fails."""
ALSO: dict[str, Callable[[], None]] = {
    "redis": _redis,
    "beat": _beat,
    "workers": _workers,
    "index": _index,
    "backup": _backup,
}
"""Without these pages and webhooks go on, and what they bring waits."""
_checks: ProcessCache[str, tuple[Check, ...]] = ProcessCache("readiness", 1, max_age=FRESH)


def checks() -> tuple[Check, ...]:
    """Each check with what it found."""
    return _checks.get("all", lambda: tuple(_run()))


def _run() -> Iterable[Check]:
    for name, check in NEEDED.items():
        problem = _problem_of(check)
        yield Check(name, problem, serves=False)
        if problem:
            return
    for name, check in ALSO.items():
        yield Check(name, _problem_of(check), serves=True)


def _problem_of(check: Callable[[], None]) -> str:
    try:
        check()
    except _Problem as problem:
        return str(problem)
    except (DatabaseError, InterfaceError):
        return "the database did not answer"
    return ""
