"""Print what is stored, how it grows, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from accounts.storage.applying import apply_rules
from accounts.storage.forecast import storage


class Command(BaseCommand):
    help = "Print what is stored by kind, its growth and its rule; or apply the rules now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--apply", type=float, metavar="SECONDS", help="Apply the rules for so long at most."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["apply"]:
            for name, rows in apply_rules(options["apply"], anyway=True).items():
                self.stdout.write(f"{name}: {rows} rows")
            return
        found = storage()
        self.stdout.write(f"{'kind':24} {'rows':>12} {'size':>10} {'a day':>10} {'steady':>10}")
        for each in found.kinds:
            steady = "grows" if each.steady is None else _size(each.steady)
            self.stdout.write(
                f"{each.name:24} {each.rows:>12,} {_size(each.size):>10} "
                f"{_size(each.per_day):>10} {steady:>10}"
            )
        self.stdout.write(
            f"\nThe database has {_size(found.database)}. At this rate {_size(found.per_year)} "
            f"come in a year; the rules will leave {_size(found.steady)}, and "
            f"{_size(found.for_ever)} a year that no rule bounds."
        )
        if found.disk_free is not None:
            self.stdout.write(f"Free on its disk: {_size(found.disk_free)}.")


def _size(count: int) -> str:
    return filesizeformat(count).replace("\xa0", " ")
