import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import error_text
from incidents.catalogue.formats import registry
from incidents.catalogue.sync import import_catalogue


class Command(BaseCommand):
    help = "Import services from a catalogue. Repeating it changes nothing more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(registry()))
        parser.add_argument("file", help="- reads it from a pipe")
        parser.add_argument("--dry-run", action="store_true", help="report only, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            piped = options["file"] == "-"
            content = sys.stdin.read() if piped else Path(options["file"]).read_text("utf-8")
            report = import_catalogue(options["kind"], content, options["dry_run"])
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        except ValidationError as error:
            raise CommandError(error_text(error)) from error
        for place, why in report.skipped:
            self.stderr.write(f"{place} skipped: {why}")
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{len(report.new)} {would}new, {len(report.changed)} {would}changed, "
            f"{report.same} the same, {len(report.skipped)} skipped."
        )
