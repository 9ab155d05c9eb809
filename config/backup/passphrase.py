"""The passphrase of a backup: from a variable, a file or the keyboard, never the command line."""

from __future__ import annotations

import getpass
import sys

from django.conf import settings

from config.backup.archive import BackupError


def given() -> str:
    """From BACKUP_PASSPHRASE or BACKUP_PASSPHRASE_FILE; empty without."""
    return str(settings.BACKUP_PASSPHRASE)


def for_new_backup() -> str:
    """Entered twice; empty where none is wanted or nobody is at a terminal."""
    if given() or not sys.stdin.isatty():
        return given()
    entered = getpass.getpass("Passphrase for the keys (empty: leave the keys out): ")
    if entered and getpass.getpass("Again: ") != entered:
        raise BackupError("The two passphrases differ. Run this again.")
    return entered


def for_sealed_keys() -> str:
    if given() or not sys.stdin.isatty():
        return given()
    return getpass.getpass("Passphrase of the backup (empty: without its keys): ")
