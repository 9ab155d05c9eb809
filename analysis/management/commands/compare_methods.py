from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.benchmarks.comparisons import anomalies, logs, origin, suggestions
from analysis.benchmarks.comparisons.outcomes import Outcome, table

COMPARISONS: dict[str, Callable[[Path], Iterator[Outcome]]] = {
    "suggestions": suggestions.outcomes,
    "origin": origin.outcomes,
    "log templates": logs.outcomes,
    "anomalies": anomalies.outcomes,
}


class Command(BaseCommand):
    help = "Compare the methods of this product with trivial baselines on recorded data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("data", type=Path, metavar="DATA_DIR")
        parser.add_argument("--only", choices=sorted(COMPARISONS), action="append")

    def handle(self, *args: Any, data: Path, only: list[str] | None, **options: Any) -> None:
        if not data.is_dir():
            raise CommandError(f"There is no folder {data}.")
        for name in only or COMPARISONS:
            self.stdout.write(f"\n## {name}\n")
            for line in table(COMPARISONS[name](data)):
                self.stdout.write(line)
