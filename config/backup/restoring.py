"""Checks and restores a backup: first into a scratch database, which then takes the place."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from analysis.suggestions.live_index import index_file
from config import env
from config.apps import OURS
from config.backup import key_file, restored_settings, servers
from config.backup.archive import Archive, BackupError, Manifest
from config.backup.creating import count_rows
from config.backup.keys import Keys, unseal
from config.backup.seals import Closed, unreadable
from config.readiness import missing_migrations
from config.version import VERSION
from people import audit

SETTINGS_FILE = "settings-of-backup.env"


@dataclass
class Report:
    manifest: Manifest
    proven: bool = False
    """the passphrase shows that the file is as it was written"""
    resealed: bool = False
    """stored secrets are sealed anew with this host's own SECRET_KEY"""
    closed: Closed = field(default_factory=lambda: Closed({}, 0))
    former_database: str = ""
    former_key: Path | None = None
    settings_file: Path | None = None


def open_archive(path: Path, passphrase: str) -> tuple[Archive, Keys | None]:
    """A file that is whole and of this version or an earlier one, and its keys."""
    archive = Archive(path)
    _refuse_newer(archive)
    archive.verify()
    keys = None
    if archive.keys is not None and passphrase:
        keys = unseal(archive.keys, passphrase)
        if keys.manifest != archive.manifest_digest:
            raise BackupError(
                f"{path} was changed after it was made: its keys belong to another backup. "
                "Nothing was changed. Use another backup."
            )
    return archive, keys


def check(archive: Archive, keys: Keys | None) -> Report:
    """Restore into a scratch database, compare what is there, and drop it."""
    report = Report(archive.manifest, proven=keys is not None)
    with _scratch(archive, keys, report):
        return report


def restore(archive: Archive, keys: Keys | None, replace: bool = False) -> Report:
    """Put the backup in the place of the database. Until all of it works nothing is changed."""
    target = str(connection.settings_dict["NAME"])
    refuse_unless_free(target, replace)
    report = Report(archive.manifest, proven=keys is not None)
    with _scratch(archive, keys, report) as scratch:
        set_key = keys is not None and not env.secret("SECRET_KEY")
        with key_file.replaced(keys.secret_key if keys and set_key else None) as former:
            report.former_key = former
            report.former_database = _take_place(scratch, target)
    report.settings_file = _write_settings(archive.manifest, keys)
    # Whatever was computed of the former database is written again by itself.
    for path in (index_file(), env.data_dir() / "dump.rdb"):
        path.unlink(missing_ok=True)
    return report


def refuse_unless_free(target: str, replace: bool) -> None:
    connection.close()
    if not servers.database_exists(target):
        return
    if count := servers.others_connected(target):
        raise BackupError(
            f"The database {target} is in use by {count} connections. Stop web, workers and beat "
            "(or bin/up), then restore."
        )
    if not replace and not _is_empty(target):
        raise BackupError(
            f"The database {target} is not empty. With --replace the backup takes its place, "
            "and the present one stays on the server under another name."
        )


def _is_empty(name: str) -> bool:
    with servers.connect(name) as database:
        found = database.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return found.fetchone() is None


def _refuse_newer(archive: Archive) -> None:
    manifest = archive.manifest
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    unknown = [(app, name) for app, name in manifest.migrations if app in OURS]
    unknown = [pair for pair in unknown if pair not in known]
    if unknown or _numbers(manifest.version) > _numbers(VERSION):
        raise BackupError(
            f"{archive.path} was made by version {manifest.version}, which is newer than this one "
            f"({VERSION}). Install that version or a later one, then restore."
        )


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d{1,9}", version[:50])]


@contextmanager
def _scratch(archive: Archive, keys: Keys | None, report: Report) -> Iterator[str]:
    """A database with the backup in it, migrated and tested. Dropped unless it was renamed."""
    name = f"{str(connection.settings_dict['NAME'])[:40]}_restored_{secrets.token_hex(4)}"
    _refuse_older_server(archive.manifest)
    servers.create_database(name)
    try:
        _fill(name, archive)
        with servers.connected_to(name):
            _migrate()
            _open_seals(keys, report)
            audit.record("backup.restored", name=f"made {archive.manifest.made_at[:19]}")
        yield name
    finally:
        servers.drop_database(name)


def _refuse_older_server(manifest: Manifest) -> None:
    with servers.maintenance() as server:
        present = server.info.server_version // 10000
    if present < manifest.postgresql // 10000:
        raise BackupError(
            f"The backup is of PostgreSQL {manifest.postgresql // 10000}, this server is "
            f"{present}. Restore to one that is at least as new."
        )


def _fill(name: str, archive: Archive) -> None:
    with servers.connect(name) as database:
        major = database.info.server_version // 10000
    command = [
        servers.program("pg_restore", major),
        *("--dbname", name, "--no-owner", "--no-privileges", "--no-password"),
        *("--exit-on-error", "--single-transaction"),
    ]
    servers.feed(command, archive.dump(), name)
    with servers.connect(name, autocommit=True) as database:
        found = count_rows(database)
        expected = archive.manifest.rows
        differ = sorted(
            t for t in found.keys() | expected.keys() if found.get(t) != expected.get(t)
        )
        if differ:
            raise BackupError(
                f"{archive.path} is not whole: {', '.join(differ[:5])} have not the rows that were "
                "backed up. Nothing was changed. Use another backup."
            )
        # Statistics are not part of a dump, and without them the first pages take minutes.
        database.execute("ANALYZE")


def _migrate() -> None:
    if not missing_migrations():
        return
    try:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    except (DatabaseError, CommandError) as error:
        raise BackupError(f"The backup cannot be upgraded: {error}") from error
    if missing := missing_migrations():
        raise BackupError(f"{missing} migrations were not applied to the backup.")


def _open_seals(keys: Keys | None, report: Report) -> None:
    """Find out which secrets open; with another SECRET_KEY on this host, seal them with it."""
    before = settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS
    own = env.secret("SECRET_KEY")
    try:
        if keys:
            settings.SECRET_KEY = own or keys.secret_key
            others = [keys.secret_key, *keys.fallbacks, *before[1]]
            settings.SECRET_KEY_FALLBACKS = [key for key in others if key != settings.SECRET_KEY]
        report.closed = unreadable()
        if keys and settings.SECRET_KEY_FALLBACKS and report.closed.total:
            report.resealed = bool(own and own != keys.secret_key)
            # Those that no key opens are in the report.
            with suppress(CommandError):
                call_command("reseal_secrets", stdout=StringIO(), stderr=StringIO())
    finally:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = before


def _take_place(scratch: str, target: str) -> str:
    """Rename both databases at one moment; the name of the former one, empty without one."""
    rename = "ALTER DATABASE {} RENAME TO {}"
    former = ""
    with servers.maintenance() as server:
        try:
            with server.transaction():
                if servers.database_exists(target):
                    former = f"{target[:40]}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
                    server.execute(
                        sql.SQL(rename).format(sql.Identifier(target), sql.Identifier(former))
                    )
                server.execute(
                    sql.SQL(rename).format(sql.Identifier(scratch), sql.Identifier(target))
                )
        except psycopg.Error as error:
            raise BackupError(
                f"The database {target} could not be replaced: {str(error).strip()} Nothing was "
                "changed. Stop whatever is connected to it, and restore again."
            ) from error
    if former and _is_empty(former):
        servers.drop_database(former)
        former = ""
    return former


def _write_settings(manifest: Manifest, keys: Keys | None) -> Path | None:
    """The settings of the other host, for people to compare with those of this one."""
    lines = restored_settings.as_lines({**manifest.settings, **(keys.settings if keys else {})})
    if not lines:
        return None
    path = env.data_dir() / SETTINGS_FILE
    key_file.write(path, lines)
    return path
