"""Makes and checks backups; docs/backup.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backup import passphrase, reports, restoring, stores
from config.backup.creating import Made, create


class Command(BaseCommand):
    help = "Write everything to one file: the database, the keys (sealed), the settings."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", default="", metavar="PLACE",
            help="a folder, a file that ends in .tar, or s3://bucket/folder; by default BACKUP_TO",
        )  # fmt: skip
        parser.add_argument(
            "--without-keys", action="store_true", help="leave out the key that opens secrets"
        )
        parser.add_argument(
            "--check", metavar="FILE",
            help="restore this file into a scratch database, compare and test it, drop it",
        )  # fmt: skip
        parser.add_argument(
            "--scheduled", action="store_true",
            help="as the schedule does: check it (BACKUP_CHECK), and delete old ones",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["check"]:
                with stores.local_copy(options["check"]) as path:
                    self._check(path, passphrase.for_sealed_keys())
                self.stdout.write(f"{options['check']} can be restored.")
            else:
                self._make(options["to"], options["without_keys"], options["scheduled"])
        except reports.FAILURES as error:
            raise CommandError(reports.sentence(error)) from error

    def _make(self, to: str, without_keys: bool, scheduled: bool) -> None:
        secret = "" if without_keys else passphrase.for_new_backup()
        name = stores.new_name()
        if to.endswith(".tar") and not to.startswith(stores.S3):
            path = Path(to).expanduser()
            where, name = stores.store(str(path.parent)), path.name
        else:
            where = stores.store(to)
        with where.place(name) as path:
            made = create(path, secret)
            if scheduled and settings.BACKUP_CHECK:
                try:
                    self._check(path, secret)
                except BaseException:
                    # It would count as one of those that are retained.
                    path.unlink(missing_ok=True)
                    raise
        self._say(made, f"{str(where).rstrip('/')}/{name}")
        if scheduled:
            stores.prune(where, settings.BACKUP_RETAINED)

    def _check(self, path: Path, secret: str) -> None:
        archive, keys = restoring.open_archive(path, secret)
        report = restoring.check(archive, keys)
        for warning in reports.warnings(report, has_keys=archive.keys is not None):
            self.stderr.write(warning)

    def _say(self, made: Made, where: str) -> None:
        keys = "with its keys" if made.with_keys else "without its keys"
        self.stdout.write(f"{where}: {made.rows} rows, {made.size / 1e6:.1f} MB, {keys}.")
        if not made.with_keys:
            self.stderr.write(reports.NO_KEYS_IN_FILE)
        if made.unreadable:
            self.stderr.write(
                f"{made.unreadable} stored secrets cannot be read with this SECRET_KEY, now or "
                "after a restore. Was it the one of the web server?"
            )
