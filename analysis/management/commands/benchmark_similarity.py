from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.benchmarks.index import benchmark


class Command(BaseCommand):
    help = "Time the similarity index on a synthetic corpus, compared with linear_kernel and bm25s."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-n", type=int, default=10_000, help="documents")
        parser.add_argument("--queries", type=int, default=50)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        result = benchmark(options["n"], options["queries"])
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        for name, value in result.items():
            self.stdout.write(f"{name:<28} {value}")
