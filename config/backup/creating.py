"""Makes a backup: everything of one moment in one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.backup import restored_settings, servers
from config.backup.archive import (
    DUMP,
    KEYS,
    MANIFEST,
    Archive,
    BackupError,
    Manifest,
    Writer,
    new_file,
)
from config.backup.keys import check_passphrase, present_keys, seal
from config.backup.seals import unreadable
from config.version import VERSION

LOCK_WITHIN = "60s"
"""How long pg_dump waits for a migration that changes a table."""


@dataclass(frozen=True)
class Made:
    path: Path
    size: int
    rows: int
    with_keys: bool
    unreadable: int
    """secrets that this SECRET_KEY does not open"""


def create(path: Path, passphrase: str) -> Made:
    """Write a backup. Without a passphrase it has no keys."""
    if passphrase:
        check_passphrase(passphrase)
    closed = unreadable()
    if closed.all_closed and passphrase:
        raise BackupError(
            "No stored secret can be read with this SECRET_KEY: the backup would have the wrong "
            "key. Run this with the SECRET_KEY of the web server."
        )
    with new_file(path) as file:
        writer = Writer(file)
        with _one_moment() as (moment, snapshot):
            manifest = _describe(moment)
            dump = writer.add(DUMP, servers.output_of(_pg_dump(manifest, snapshot)))
        manifest = replace(manifest, members={DUMP: dump})
        if passphrase:
            writer.add(KEYS, [seal(present_keys(manifest.digest), passphrase)])
        writer.add(MANIFEST, [manifest.as_bytes()])
        writer.finish()
    # Read back: what a full or failing disk stored may differ.
    Archive(path).verify()
    rows = sum(manifest.rows.values())
    return Made(path, path.stat().st_size, rows, bool(passphrase), closed.count)


@contextmanager
def _one_moment() -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A transaction that sees one moment, and the name that lets pg_dump see the same."""
    with servers.connect() as moment:
        moment.read_only = True
        moment.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for timeout in ("statement_timeout", "idle_in_transaction_session_timeout"):
            moment.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(timeout)))
        [snapshot] = moment.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        yield moment, snapshot


def _describe(moment: psycopg.Connection[Any]) -> Manifest:
    try:
        found = moment.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise BackupError("The database is empty: there is nothing to back up.") from error
    return Manifest(
        version=VERSION,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        postgresql=moment.info.server_version,
        migrations=[list(pair) for pair in found],
        rows=count_rows(moment),
        settings=restored_settings.readable(),
    )


def count_rows(database: psycopg.Connection[Any]) -> dict[str, int]:
    tables = database.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        [counts[table]] = database.execute(query).fetchone() or (0,)
    return counts


def _pg_dump(manifest: Manifest, snapshot: str) -> list[str]:
    return [
        servers.program("pg_dump", manifest.postgresql // 10000),
        *("--format", "custom", "--no-owner", "--no-privileges", "--no-password"),
        *("--snapshot", snapshot, "--lock-wait-timeout", LOCK_WITHIN),
    ]
