"""What the evaluate_* commands share: a path in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


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
        count = 0
        with options["out"].open("w", encoding="utf-8") as file:
            for result in self.evaluate(options["input"]):
                file.write(json.dumps(result) + "\n")
                count += 1
        self.stdout.write(f"{count} lines written to {options['out']}.")
