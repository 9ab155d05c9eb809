from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.suggestions.calibration_versions import learn, roll_back


class Command(BaseCommand):
    help = "Learn from history how sure suggestions are, or return to the version before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rollback", action="store_true", help="use the version before")

    def handle(self, *args: Any, **options: Any) -> None:
        fit = roll_back() if options["rollback"] else learn(anyway=True)
        if fit is None:
            raise CommandError("There is no version before the one in use.")
        known = "history is too small to learn from" if fit.data is None else fit.labels
        self.stdout.write(f"In use: {fit} ({known}).")
