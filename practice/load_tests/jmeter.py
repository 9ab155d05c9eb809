"""JMeter: statistics.json of the HTML report, or a table of samples (JTL as CSV)."""

from __future__ import annotations

import csv
import io
from typing import Any

from common.payloads import dig
from practice.load_tests.base import (
    BadFile,
    LoadTestReader,
    LoadTestSummary,
    json_of,
    number,
    percentile,
)


class JMeter(LoadTestReader):
    kind = "jmeter"
    title = "JMeter statistics.json or JTL (CSV)"
    example = "jmeter -n -t plan.jmx -l result.jtl -e -o report: report/statistics.json"

    def read(self, content: str) -> LoadTestSummary:
        return _from_json(content) if content.lstrip().startswith("{") else _from_jtl(content)


def _from_json(content: str) -> LoadTestSummary:
    total: Any = dig(json_of(content), "Total")
    if not isinstance(total, dict):
        raise BadFile("It has no “Total”: send report/statistics.json.")
    errors, count = number(total.get("errorPct")), number(total.get("sampleCount"))
    return LoadTestSummary(
        p50=number(total.get("medianResTime")),
        # With the default percentiles of the report pct1 is the 90th, pct2 the 95th, pct3 the 99th.
        p95=number(total.get("pct2ResTime")),
        p99=number(total.get("pct3ResTime")),
        rate=number(total.get("throughput")),
        errors=errors / 100 if errors is not None and errors <= 100 else None,
        requests=int(count) if count is not None else None,
    )


def _from_jtl(content: str) -> LoadTestSummary:
    rows = csv.DictReader(io.StringIO(content, newline=""))
    if not {"timeStamp", "elapsed", "success"} <= set(rows.fieldnames or []):
        raise BadFile("Its first line does not name timeStamp, elapsed and success.")
    times, ends, failed = [], [], 0
    try:
        for row in rows:
            at, elapsed = number(row["timeStamp"]), number(row["elapsed"])
            if at is None or elapsed is None:
                continue
            times.append(elapsed)
            ends += [at, at + elapsed]
            failed += str(row["success"]).strip().lower() != "true"
    except csv.Error as error:
        raise BadFile(f"This is not CSV: {error}") from error
    if not times:
        raise BadFile("It holds no samples.")
    times.sort()
    seconds = (max(ends) - min(ends)) / 1000
    return LoadTestSummary(
        p50=percentile(times, 0.5),
        p95=percentile(times, 0.95),
        p99=percentile(times, 0.99),
        rate=len(times) / seconds if seconds else None,
        errors=failed / len(times),
        requests=len(times),
    )
