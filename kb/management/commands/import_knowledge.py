import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.management.reading_options import add_reading_arguments, reading_options
from kb.import_runner import import_records
from kb.importers import registry
from kb.importers.base import FIELDS, CannotImport
from kb.importers.unpacking import unpacked, written


class Command(BaseCommand):
    help = "Import past incidents and postmortems. Repeating it adds nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = "; ".join(f"{kind}: {plugin.accepts}" for kind, plugin in registry().items())
        parser.add_argument("kind", choices=registry(), help=kinds)
        parser.add_argument("path", type=Path, help="file, folder, or zip file of one")
        parser.add_argument("--dry-run", action="store_true", help="report only, store nothing")
        parser.add_argument("--source", default="", help="name of the origin; default: the kind")
        add_reading_arguments(parser, FIELDS)

    def handle(self, *args: Any, **options: Any) -> None:
        reading = reading_options(options, FIELDS)
        importer = registry()[options["kind"]](options=reading)
        path: Path = options["path"]
        with ExitStack() as stack:
            try:
                if path.suffix.lower() == ".zip" and path.is_file():
                    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="history-"))
                    path = written(unpacked({path.name: path.read_bytes()}), Path(folder))
                report = import_records(
                    importer.read(path), options["source"] or options["kind"], options["dry_run"]
                )
            except CannotImport as error:
                raise CommandError(str(error)) from error
        for position, why in report.skipped[:50]:
            self.stderr.write(f"{position} not imported: {why}")
        if len(report.skipped) > 50:
            self.stderr.write(f"… and {len(report.skipped) - 50} more.")
        for line in report.lines(options["dry_run"]):
            self.stdout.write(line)
        if report.skipped and len(report.skipped) == report.total:
            raise CommandError("Nothing could be imported; see the reasons above.")
