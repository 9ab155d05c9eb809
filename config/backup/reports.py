"""What people read after a backup or a restore."""

from __future__ import annotations

import psycopg
from django.db import DatabaseError

from config.backup.archive import BackupError
from config.backup.restoring import Report

FAILURES = (BackupError, psycopg.Error, DatabaseError, OSError)

NO_KEYS_IN_FILE = (
    "Warning: without SECRET_KEY the secrets of sources, webhooks and chat cannot be read after a "
    "restore. Set BACKUP_PASSPHRASE to put it in, or store it elsewhere."
)
NOT_PROVEN = (
    "Warning: nothing proves who wrote this file. Restore only files that were always yours: SQL "
    "of a stranger runs with the rights of the database's role."
)


def sentence(error: Exception) -> str:
    if isinstance(error, BackupError):
        return str(error)
    return f"It failed, and nothing was changed: {' '.join(str(error).split())}"


def notes(report: Report) -> list[str]:
    found = []
    if report.resealed:
        found.append(
            "Secrets are sealed with this host's SECRET_KEY now. People sign in again; badges get "
            "new addresses."
        )
    if report.former_key:
        found.append(
            f"The key came with the backup; this host's former key is {report.former_key}."
        )
    if report.former_database:
        found.append(
            f"The former database is {report.former_database} now. Drop it when nobody needs it."
        )
    if report.settings_file:
        found.append(
            f"The settings of the other host are in {report.settings_file}: compare them with "
            "yours, then delete it."
        )
    found.append("Start web, workers and beat (or bin/up), then see /readyz?strict=1.")
    return found


def warnings(report: Report, *, has_keys: bool) -> list[str]:
    found = []
    if report.closed.count:
        cure = (
            "Restore again with the passphrase"
            if has_keys and not report.proven
            else "Set the SECRET_KEY of the former host, or put it into SECRET_KEY_FALLBACKS"
        )
        found.append(
            f"Warning: secrets cannot be read with the key at hand: {report.closed}. What needs "
            f"them does not work, and /readyz says so. {cure}; without that key enter each secret "
            "again (docs/backup.md)."
        )
    if not report.proven:
        found.append(NOT_PROVEN)
    return found
