"""Restores a backup; docs/backup.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.backup import passphrase, reports, restoring, stores
from config.backup.archive import BackupError


class Command(BaseCommand):
    help = "Restore a backup. Until all of it works, the present database stays as it is."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file, or s3://bucket/folder/file.tar")
        parser.add_argument(
            "--replace", action="store_true", help="also where the database is not empty"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before it is replaced")
        parser.add_argument(
            "--without-keys", action="store_true", help="do not open the keys in the file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with stores.local_copy(options["file"]) as path:
                self._restore(path, options)
        except reports.FAILURES as error:
            raise CommandError(reports.sentence(error)) from error

    def _restore(self, path: Any, options: dict[str, Any]) -> None:
        target = str(connection.settings_dict["NAME"])
        restoring.refuse_unless_free(target, options["replace"])
        if options["replace"] and not options["yes"] and not _confirmed(target):
            raise BackupError("Nothing was changed: --replace is confirmed by typing, or --yes.")
        secret = "" if options["without_keys"] else passphrase.for_sealed_keys()
        archive, keys = restoring.open_archive(path, secret)
        if archive.keys is not None and keys is None and not options["without_keys"]:
            raise BackupError(
                "The keys in this backup are sealed: set BACKUP_PASSPHRASE or "
                "BACKUP_PASSPHRASE_FILE, or restore --without-keys."
            )
        report = restoring.restore(archive, keys, options["replace"])
        about = report.manifest
        self.stdout.write(
            f"Restored: the backup of {about.made_at} by version {about.version}, "
            f"{sum(about.rows.values())} rows."
        )
        for line in reports.notes(report):
            self.stdout.write(line)
        for warning in reports.warnings(report, has_keys=archive.keys is not None):
            self.stderr.write(warning)


def _confirmed(target: str) -> bool:
    try:
        return input(f"Type {target} to replace that database: ").strip() == target
    except EOFError:
        return False
