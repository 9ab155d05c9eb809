"""Locust: the statistics of --csv of any version, and the JSON of --json."""

from __future__ import annotations

from collections import Counter
from typing import Any

from practice.load_tests.base import (
    BadFile,
    LoadTestReader,
    LoadTestSummary,
    checked,
    json_report,
    listed,
    number,
    percentile_of_counts,
    share_of_one,
    table,
    whole,
)

TOTALS = ("Aggregated", "Total", "None Total", "None Aggregated")
"""The last row by version; with its method in the oldest."""
SEND = "send run_stats.csv, which --csv run writes"


class Locust(LoadTestReader):
    kind = "locust"
    title = "Locust statistics (CSV or JSON)"
    example = "locust --headless --csv run: run_stats.csv"

    def read(self, content: str) -> LoadTestSummary:
        if content.lstrip("\ufeff\r\n\t ")[:1] in ("[", "{"):
            return _from_json(json_report(content.lstrip("\ufeff"), SEND))
        rows = list(table(content))
        names = [name.strip().lower() for name in rows[0]] if rows else []
        if "name" not in names:
            columns = listed(rows[0] if rows else ())
            raise BadFile(f"It has no line “Aggregated”, and its columns are {columns}: {SEND}.")
        if "occurrences" in names:
            raise BadFile(f"These are its failures: {SEND}.")
        totals = [dict(zip(names, row, strict=False)) for row in rows[1:]]
        totals = [row for row in totals if row.get("name", "").strip() in TOTALS]
        if not totals:
            raise BadFile(f"It has no line “Aggregated” or “Total”: {SEND}.")
        if "timestamp" in names:
            return _from_history(totals)
        return _from_statistics(totals[-1])


def _from_statistics(total: dict[str, str]) -> LoadTestSummary:
    count = _first(total, "request count", "# requests", "# reqs")
    failed = _first(total, "failure count", "# failures", "# fails")
    if "Total" in total["name"] and count is not None:
        # Until 0.12.1, which called the row so, a failed request was not counted as a request.
        count += failed or 0
    return checked(
        LoadTestSummary(
            p50=_first(total, "50%", "median response time"),
            p95=_first(total, "95%"),
            p99=_first(total, "99%"),
            rate=_first(total, "requests/s"),
            errors=share_of_one(failed, count),
            requests=whole(count),
        ),
        f"None of its columns is known ({listed(total)}): {SEND}.",
    )


def _from_history(totals: list[dict[str, str]]) -> LoadTestSummary:
    """What is counted from the start; its other columns are of the last seconds only."""
    last = totals[-1]
    count = _first(last, "total request count")
    failed = _first(last, "total failure count")
    times = [at for row in totals if (at := number(row.get("timestamp"))) is not None]
    seconds = max(times) - min(times) if times else 0.0
    return checked(
        LoadTestSummary(
            p50=_first(last, "total median response time"),
            rate=count / seconds if count and seconds else None,
            errors=share_of_one(failed, count),
            requests=whole(count),
        ),
        f"This is its history without totals: {SEND}.",
    )


def _first(row: dict[str, str], *names: str) -> float | None:
    """The first of the columns that holds a number: Locust writes N/A where it has none."""
    return next((value for name in names if (value := number(row.get(name))) is not None), None)


def _from_json(data: Any) -> LoadTestSummary:
    entries = data.get("stats") if isinstance(data, dict) else data
    entries = (
        [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    )
    # The list of --json has no total; that of the page has.
    entries = [
        each for each in entries if each.get("name") not in TOTALS and "num_requests" in each
    ]
    counts = [number(each.get("num_requests")) for each in entries]
    if not entries or None in counts:
        raise BadFile(f"It lists no “num_requests” by name: send what --json prints, or {SEND}.")
    failures = [number(each.get("num_failures")) for each in entries]
    requests = sum(count or 0 for count in counts)
    failed = sum(each or 0 for each in failures) if None not in failures else None
    times = _response_times(entries)
    begun = [at for each in entries if (at := number(each.get("start_time"))) is not None]
    ended = [
        at for each in entries if (at := number(each.get("last_request_timestamp"))) is not None
    ]
    seconds = max(ended) - min(begun) if begun and ended else 0.0
    return checked(
        LoadTestSummary(
            p50=percentile_of_counts(times, 0.5),
            p95=percentile_of_counts(times, 0.95),
            p99=percentile_of_counts(times, 0.99),
            rate=requests / seconds if seconds > 0 else None,
            errors=share_of_one(failed, requests),
            requests=whole(requests),
        ),
        f"It has neither “response_times” nor “num_failures”: {SEND}.",
    )


def _response_times(entries: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Milliseconds, and how often, of all entries; empty if one of them has none."""
    found: Counter[float] = Counter()
    for entry in entries:
        times = entry.get("response_times")
        if not isinstance(times, dict):
            return []
        for written, often in times.items():
            time, count = number(written), number(often)
            if time is not None and count is not None:
                found[time] += count  # type: ignore[assignment]
    return sorted(found.items())
