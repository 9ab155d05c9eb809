"""What the evaluate_* commands share: a path in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


def write_lines(path: Path, results: Iterable[dict[str, Any]]) -> int:
    """Write a line of JSON for each result and return how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, result in enumerate(results, 1):  # noqa: B007
            file.write(json.dumps(result) + "\n")
    return count


class EvaluateCommand(BaseCommand):
    """Runs `evaluate` on the input and writes a line of JSON for each result."""

    requires_system_checks: list[str] = []
    evaluate: Callable[[Path], Iterator[dict[str, Any]]]
    input_name: str

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("input", type=Path, metavar=self.input_name)
        parser.add_argument("--out", type=Path, required=True, metavar="RUN.jsonl")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["input"].exists():
            raise CommandError(f"There is no {options['input']}.")
        count = write_lines(options["out"], self.evaluate(options["input"]))
        self.stdout.write(f"{count} lines written to {options['out']}.")
