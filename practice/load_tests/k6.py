"""k6: its summary (--summary-export, handleSummary), or its points (--out json, --out csv)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from common import json_text
from common.payloads import dig, text
from common.times import parse_time
from practice.load_tests.base import (
    BadFile,
    LoadTestReader,
    LoadTestSummary,
    checked,
    json_report,
    listed,
    number,
    percentile,
    table,
    whole,
)

SEND = "send what --summary-export or handleSummary gives"
READ = ("http_req_duration", "http_reqs", "http_req_failed")


class Point(NamedTuple):
    metric: str
    at: float | None
    """epoch seconds"""
    value: float


class K6(LoadTestReader):
    kind = "k6"
    title = "k6 summary (JSON) or points (JSON, CSV)"
    example = "k6 run --summary-export=summary.json script.js"

    def read(self, content: str) -> LoadTestSummary:
        content = content.lstrip("\ufeff\r\n\t ")
        if content.startswith("metric_name"):
            return _of_points(_from_table(content))
        if content.startswith('{"metric":') or content.startswith('{"type":'):
            return _of_points(_from_lines(content))
        if not content.startswith("{") and READ[0] in content:
            raise BadFile(f"It is the summary that k6 prints: {SEND}.")
        return _of_summary(json_report(content, SEND))


def _of_summary(data: Any) -> LoadTestSummary:
    metrics = _metrics(data)
    if not metrics:
        raise BadFile(f"It has no “metrics”: {SEND}.")
    times, requests, failed = (_values(metrics, name) for name in READ)
    count = number(requests.get("count"))
    return checked(
        LoadTestSummary(
            p50=number(times.get("med", times.get("p(50)"))),
            p95=number(times.get("p(95)")),
            p99=number(times.get("p(99)")),
            rate=number(requests.get("rate")),
            errors=_share(failed.get("rate", failed.get("value"))),
            requests=whole(count),
        ),
        "Neither http_req_duration nor http_reqs is in its metrics, but "
        f"{listed(map(str, metrics))}.",
    )


def _metrics(data: Any) -> dict[str, Any]:
    """By name; some versions list them."""
    metrics = dig(data, "metrics") or dig(data, "results.metrics")
    if isinstance(metrics, list):
        return {text(each, "name"): each for each in metrics if isinstance(each, dict)}
    return metrics if isinstance(metrics, dict) else {}


def _values(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    metric = metrics.get(name)
    if not isinstance(metric, dict):
        return {}
    values = metric.get("values", metric)
    return values if isinstance(values, dict) else {}


def _share(value: Any) -> float | None:
    share = number(value)
    return share if share is not None and share <= 1 else None


def _from_lines(content: str) -> list[Point]:
    points: list[Point] = []
    lines = content.splitlines()
    for line, written in enumerate(lines, 1):
        # Looking before parsing: most lines are of other metrics.
        if not any(f'"{name}"' in written for name in READ):
            continue
        try:
            each = json_text.loads(written)
        except (ValueError, RecursionError) as error:
            if line == len(lines) and points:
                break  # A test that was stopped leaves half a line.
            raise BadFile(f"Line {line} is not JSON: {str(error)[:120]}") from error
        value = number(dig(each, "data.value"))
        if dig(each, "type") == "Point" and value is not None:
            moment = parse_time(dig(each, "data.time"))
            metric = text(each, "metric")
            points.append(Point(metric, moment.timestamp() if moment else None, value))
    return points


def _from_table(content: str) -> list[Point]:
    rows = table(content)
    head = next(rows)
    at = {
        name: head.index(name)
        for name in ("metric_name", "timestamp", "metric_value")
        if name in head
    }
    if len(at) < 3:
        raise BadFile(f"Its columns are {listed(head)}, without timestamp and metric_value.")
    points = []
    for row in rows:
        if len(row) <= max(at.values()) or row[at["metric_name"]] not in READ:
            continue
        value, moment = number(row[at["metric_value"]]), parse_time(row[at["timestamp"]])
        if value is not None:
            seconds = moment.timestamp() if moment else None
            points.append(Point(row[at["metric_name"]], seconds, value))
    return points


def _of_points(points: Iterable[Point]) -> LoadTestSummary:
    by_metric: dict[str, list[Point]] = {name: [] for name in READ}
    for point in points:
        by_metric.setdefault(point.metric, []).append(point)
    durations, requests, failed = (by_metric[name] for name in READ)
    times = sorted(point.value for point in durations)
    count = sum(point.value for point in requests) if requests else float(len(times))
    moments = [point.at for point in requests or durations if point.at is not None]
    # A point is written when its request ends; the first one began its duration before.
    seconds = max(moments) - min(moments) if moments else 0.0
    return checked(
        LoadTestSummary(
            p50=percentile(times, 0.5),
            p95=percentile(times, 0.95),
            p99=percentile(times, 0.99),
            rate=count / seconds if seconds else None,
            errors=_share(sum(point.value for point in failed) / len(failed)) if failed else None,
            requests=whole(count),
        ),
        f"It has no points of http_req_duration: {SEND}.",
    )
