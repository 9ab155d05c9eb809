"""Locust: the table of statistics of --csv, of which the line “Aggregated” counts."""

from __future__ import annotations

import csv
import io

from practice.load_tests.base import BadFile, Figures, LoadTestReader, number


class Locust(LoadTestReader):
    kind = "locust"
    title = "Locust statistics (CSV)"
    example = "locust --headless --csv run: run_stats.csv"

    def read(self, content: str) -> Figures:
        rows = csv.DictReader(io.StringIO(content.lstrip("\ufeff"), newline=""))
        try:
            found = next((row for row in rows if row.get("Name") == "Aggregated"), None)
        except csv.Error as error:
            raise BadFile(f"It is no CSV: {error}") from error
        if found is None:
            raise BadFile("It has no line “Aggregated”: send run_stats.csv.")
        count, failed = number(found.get("Request Count")), number(found.get("Failure Count"))
        return Figures(
            p50=number(found.get("50%")) or number(found.get("Median Response Time")),
            p95=number(found.get("95%")),
            p99=number(found.get("99%")),
            rate=number(found.get("Requests/s")),
            errors=min(1.0, failed / count) if count and failed is not None else None,
            requests=int(count) if count is not None else None,
        )
