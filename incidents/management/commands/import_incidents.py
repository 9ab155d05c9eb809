from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.file_import import BadFile
from incidents.history_columns import COLUMNS
from incidents.history_import import import_incidents, read_rows
from incidents.history_rows import missing_columns
from incidents.management.reading_options import add_reading_arguments, reading_options


class Command(BaseCommand):
    help = "Import past incidents from JSON lines or CSV. Repeating it adds nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report only, store nothing")
        parser.add_argument("--source", default="", help="name of the origin; default: file name")
        add_reading_arguments(parser, COLUMNS)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        reading = reading_options(options, COLUMNS)
        source = (options["source"] or path.stem)[:50]
        try:
            rows = list(read_rows(path))
        except BadFile as error:
            raise CommandError(f"{path.name}: {error}") from error
        heads = dict.fromkeys(head for _, row in rows if not isinstance(row, str) for head in row)
        if heads and (missing := missing_columns(list(heads), reading.mapping)):
            raise CommandError(f"{path.name}: {missing}")
        report = import_incidents(rows, source, dry_run=options["dry_run"], options=reading)
        for each in report.skipped[:50]:
            self.stderr.write(f"line {each.place} skipped: {each.why}")
        if len(report.skipped) > 50:
            self.stderr.write(f"… and {len(report.skipped) - 50} more.")
        for note, count in report.counted_notes()[:20]:
            self.stderr.write(f"{count} × {note}")
        verb = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{len(report.new)} {verb}, {report.same} known already, "
            f"{len(report.skipped)} skipped, {len(report.new_services)} new services."
        )
        if report.skipped and len(report.skipped) == report.total:
            raise CommandError("Nothing could be imported; see the reasons above.")
