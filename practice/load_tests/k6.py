"""k6: the summary of --summary-export, or the data of handleSummary."""

from __future__ import annotations

from typing import Any

from common.payloads import dig
from practice.load_tests.base import BadFile, LoadTestReader, LoadTestSummary, json_of, number


class K6(LoadTestReader):
    kind = "k6"
    title = "k6 summary (JSON)"
    example = "k6 run --summary-export=summary.json script.js"

    def read(self, content: str) -> LoadTestSummary:
        data = json_of(content)
        metrics = dig(data, "metrics")
        if not isinstance(metrics, dict):
            raise BadFile("It has no “metrics”: send what --summary-export or handleSummary gives.")
        times = _values(metrics, "http_req_duration")
        requests = _values(metrics, "http_reqs")
        failed = _values(metrics, "http_req_failed")
        count = number(requests.get("count"))
        summary = LoadTestSummary(
            p50=number(times.get("med", times.get("p(50)"))),
            p95=number(times.get("p(95)")),
            p99=number(times.get("p(99)")),
            rate=number(requests.get("rate")),
            errors=_share(failed.get("rate", failed.get("value"))),
            requests=int(count) if count is not None else None,
        )
        if summary == LoadTestSummary():
            raise BadFile("Neither http_req_duration nor http_reqs is in its metrics.")
        return summary


def _values(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    metric = metrics.get(name)
    if not isinstance(metric, dict):
        return {}
    values = metric.get("values", metric)
    return values if isinstance(values, dict) else {}


def _share(value: Any) -> float | None:
    share = number(value)
    return share if share is not None and share <= 1 else None
