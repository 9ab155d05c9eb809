from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.history_import import COLUMNS, import_incidents, read_rows


class Command(BaseCommand):
    help = "Import past incidents from JSON lines or CSV. Repeating it adds nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report only, store nothing")
        parser.add_argument("--source", default="", help="name of the origin; default: file name")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"the column or key that holds a field; fields: {', '.join(COLUMNS)}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        mapping = dict(pair.partition("=")[::2] for pair in options["map"])
        unknown = set(mapping) - set(COLUMNS)
        if unknown:
            raise CommandError(f"--map knows no field {', '.join(sorted(unknown))}.")
        source = (options["source"] or path.stem)[:50]
        report = import_incidents(read_rows(path), source, mapping, options["dry_run"])
        for each in report.skipped[:50]:
            self.stderr.write(f"line {each.place} skipped: {each.why}")
        if len(report.skipped) > 50:
            self.stderr.write(f"… and {len(report.skipped) - 50} more.")
        for place, note in report.notes[:50]:
            self.stderr.write(f"line {place}: {note}")
        verb = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{len(report.new)} {verb}, {report.same} known already, "
            f"{len(report.skipped)} skipped, {len(report.new_services)} new services."
        )
        if report.skipped and len(report.skipped) == report.total:
            raise CommandError("Nothing could be imported; see the reasons above.")
