"""Locust: the statistics of --csv; the line “Aggregated” is read."""

from __future__ import annotations

import csv
import io

from practice.load_tests.base import BadFile, LoadTestReader, LoadTestSummary, number


class Locust(LoadTestReader):
    kind = "locust"
    title = "Locust statistics (CSV)"
    example = "locust --headless --csv run: run_stats.csv"

    def read(self, content: str) -> LoadTestSummary:
        rows = csv.DictReader(io.StringIO(content.lstrip("\ufeff"), newline=""))
        try:
            total = next((row for row in rows if row.get("Name") == "Aggregated"), None)
        except csv.Error as error:
            raise BadFile(f"This is not CSV: {error}") from error
        if total is None:
            raise BadFile("It has no line “Aggregated”: send run_stats.csv.")
        count, failed = number(total.get("Request Count")), number(total.get("Failure Count"))
        return LoadTestSummary(
            p50=number(total.get("50%")) or number(total.get("Median Response Time")),
            p95=number(total.get("95%")),
            p99=number(total.get("99%")),
            rate=number(total.get("Requests/s")),
            errors=min(1.0, failed / count) if count and failed is not None else None,
            requests=int(count) if count is not None else None,
        )
