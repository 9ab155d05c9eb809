"""JMeter: statistics.json of the HTML report, a log of samples (JTL), or a report as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.payloads import dig
from practice.load_tests.base import (
    BadFile,
    LoadTestReader,
    LoadTestSummary,
    checked,
    json_report,
    listed,
    number,
    table,
    whole,
)
from practice.load_tests.jmeter_samples import of_table, of_xml, summary_of

COLUMNS = {
    "requests": ("#samples", "aggregate_report_count", "samples", "count"),
    "p50": ("median", "aggregate_report_median"),
    "p95": ("95%line", "aggregate_report_95%_line", "95%"),
    "p99": ("99%line", "aggregate_report_99%_line", "99%"),
    "errors": ("error%", "aggregate_report_error%"),
    "rate": ("throughput", "aggregate_report_rate", "throughput/sec"),
}
"""Of the aggregate, summary and synthesis report: heads on screen, and those of its plug-ins."""
PER = {"sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "hour": 3600.0}


class JMeter(LoadTestReader):
    kind = "jmeter"
    title = "JMeter statistics.json, JTL (CSV or XML) or aggregate report"
    example = "jmeter -n -t plan.jmx -l result.jtl -e -o report: report/statistics.json"

    def read(self, content: str) -> LoadTestSummary:
        start = content.lstrip("\ufeff\r\n\t ")[:1000]
        if start[:1] in ("{", "["):
            return _from_json(content.lstrip("\ufeff"))
        if start.lower().startswith(("<!doctype html", "<html")):
            raise BadFile("This is a page: send statistics.json, which is beside it.")
        if start.startswith("<"):
            return summary_of(of_xml(content.lstrip("\ufeff\r\n\t ")))
        rows = list(table(content))
        names = [_plain(name) for name in rows[0]] if rows else []
        if not {"elapsed", "timestamp"} & set(names) and _column(names, "requests") is not None:
            return _from_report(names, rows)
        return summary_of(of_table(rows))


def _from_json(content: str) -> LoadTestSummary:
    total: Any = dig(json_report(content, "send report/statistics.json"), "Total")
    if not isinstance(total, dict):
        raise BadFile("It has no “Total”: send report/statistics.json.")
    errors, count = number(total.get("errorPct")), number(total.get("sampleCount"))
    return checked(
        LoadTestSummary(
            p50=number(total.get("medianResTime")),
            # With the report's default percentiles pct1 is the 90th, pct2 the 95th, pct3 the 99th.
            p95=number(total.get("pct2ResTime")),
            p99=number(total.get("pct3ResTime")),
            rate=number(total.get("throughput")),
            errors=errors / 100 if errors is not None and errors <= 100 else None,
            requests=whole(count),
        ),
        "Its “Total” has neither medianResTime nor throughput: send report/statistics.json.",
    )


def _plain(name: str) -> str:
    return "".join(name.lower().split())


def _column(names: Sequence[str], figure: str) -> int | None:
    return next((at for at, name in enumerate(names) if name in COLUMNS[figure]), None)


def _from_report(names: list[str], rows: list[list[str]]) -> LoadTestSummary:
    """The line TOTAL, or the only one."""
    lines = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    totals = [row for row in lines if row[0].strip().upper() == "TOTAL"] or lines
    if len(totals) != 1:
        found = f"{len(totals)} lines" if totals else "none"
        raise BadFile(f"It has no line “TOTAL”, but {found}: save the table with it.")

    def cell(figure: str) -> str:
        at = _column(names, figure)
        return totals[0][at].strip() if at is not None and at < len(totals[0]) else ""

    count = number(cell("requests"))
    return checked(
        LoadTestSummary(
            p50=number(cell("p50")),
            p95=number(cell("p95")),
            p99=number(cell("p99")),
            rate=_per_second(cell("rate")),
            errors=_share(cell("errors")),
            requests=whole(count),
        ),
        f"None of its columns is known: {listed(rows[0])}.",
    )


def _per_second(written: str) -> float | None:
    value, _, unit = written.partition("/")
    rate, seconds = number(value.strip()), PER.get(unit.strip().lower() or "sec")
    return rate / seconds if rate is not None and seconds else None


def _share(written: str) -> float | None:
    """Without a sign, up to 1 may be a share or a percentage: neither is taken for the other."""
    value = number(written.removesuffix("%").strip())
    if value is None or value > 100 or (0 < value <= 1 and not written.endswith("%")):
        return None
    return value / 100
