"""Backups by schedule: due by the database's clock, one at a time, and missed when none is made."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction

from config import env
from config.backup.archive import BackupError
from incidents import scheduled_runs
from people import audit

logger = logging.getLogger(__name__)
DONE = "backup"
"""The sign of life of a backup that was made, checked and stored."""
TRY_EVERY = 900.0
"""Seconds between two questions whether one is due; also until a failed one is tried again."""
LATE_AFTER = 3600.0
"""Seconds of delay until its absence is said."""
WITHIN = 6 * 3600
LOCK = 0x0CA5E_BAC
"""An advisory lock of the database: its number is only known to us."""


def interval() -> float:
    """Seconds between two backups; 0 for none."""
    return max(0.0, settings.BACKUP_EVERY_HOURS * 3600.0)


def late() -> str:
    """What is wrong with the schedule; empty when all is well."""
    every = interval()
    if not every:
        return ""
    age = scheduled_runs.ages().get(DONE)
    if age is None:
        return (
            "none was made yet: the first follows within 15 minutes, or the worker's log says why"
        )
    if abs(age) > every + LATE_AFTER:
        return f"none was made for {abs(age) / 3600:.0f} hours: the worker's log says why"
    return ""


def run_if_due(make: Callable[[], None] | None = None) -> bool:
    """Make a backup when its time has come and nobody else does; whether one was made."""
    every = interval()
    if not every or scheduled_runs.remaining(scheduled_runs.ages().get(DONE, every), every):
        return False
    try:
        with transaction.atomic():
            if not _lock():
                return False
            (make or _make)()
            scheduled_runs.sign_of_life(DONE)
    except BackupError as error:
        logger.error("The backup failed: %s", error)
        audit.record("backup.failed", name=str(error))
        return False
    return True


def _lock() -> bool:
    """Until the end of the transaction; that of a session would not pass a connection pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        [(locked,)] = cursor.fetchall()
        return bool(locked)


def _make() -> None:
    """In a process of its own: it connects to a scratch database and may need hours."""
    command = [sys.executable, "manage.py", "backup", "--scheduled"]
    done = subprocess.run(command, cwd=env.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it ended without a word"]
        raise BackupError(said[-1].removeprefix("CommandError: "))
    for line in done.stderr.strip().splitlines():
        logger.warning("Backup: %s", line)
