"""Django's `migrate`, beside a web server that goes on serving.

Whoever changes a table waits for its lock, and everybody who comes later waits behind. So the wait
is short, and is tried again when the others had their turn. An empty database begins with the
schema of config/new_database.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg import errors

from config.new_database import load_schema

LOCK_TIMEOUT = 3.0
"""Seconds that pages wait at most behind a migration that waits."""
ATTEMPTS, PAUSE = 20, 3.0

WITHOUT_SCHEMA = ("app_label", "check_unapplied", "fake", "plan", "prune")
"""Options that ask for something else than all migrations."""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        self._connection = connections[options["database"]]
        if not any(options.get(each) for each in WITHOUT_SCHEMA):
            load_schema(self._connection)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, errors.LockNotAvailable):
                    raise
                if attempt == ATTEMPTS:
                    raise CommandError(
                        "A migration waits for a table that something else uses without end. See "
                        "pg_stat_activity for its oldest transaction, end it, and migrate again: "
                        "what was applied stays."
                    ) from error
                self.stderr.write("A table is in use; trying again …")
                time.sleep(PAUSE)
            finally:
                self._set_timeout(0.0)

    def migration_progress_callback(
        self, action: str, migration: Any | None = None, fake: bool = False
    ) -> None:
        if action in ("apply_start", "unapply_start") and migration is not None:
            # CONCURRENTLY, outside a transaction, waits for long and nobody waits behind it.
            self._set_timeout(LOCK_TIMEOUT if migration.atomic else 0.0)
        super().migration_progress_callback(action, migration, fake)

    def _set_timeout(self, seconds: float) -> None:
        if self._connection.vendor != "postgresql" or self._connection.connection is None:
            return
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}"]
            )
