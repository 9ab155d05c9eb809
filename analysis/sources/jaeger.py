"""Jaeger, also Tempo through its Jaeger-compatible API: traces as error share and latency."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from analysis.sources.base import (
    Series,
    SourceAnswer,
    SourceQuery,
    Target,
    Window,
    fill,
)
from analysis.sources.http import HttpSource

MAX_TRACES = 1000
BUCKET = 60


class Jaeger(HttpSource):
    kind = "jaeger"
    title = "Jaeger or Tempo"
    product = "Jaeger"

    def queries(self, target: Target) -> list[SourceQuery]:
        return [
            SourceQuery("span errors", fill("errors $service", target), "%"),
            SourceQuery("span p95", fill("p95 $service", target), "s"),
        ]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        what, _, service = query.text.partition(" ")
        params = {
            "service": service,
            "start": int(window.start.timestamp() * 1e6),
            "end": int(window.end.timestamp() * 1e6),
            "limit": MAX_TRACES,
        }
        answer = self.http.get_json("/api/traces", params, deadline=deadline)
        with self.expecting("a list of Jaeger traces"):
            traces = answer["data"] or []
            buckets = _by_minute(traces, service)
        gaps = []
        if len(traces) >= MAX_TRACES:
            gaps.append(f"More than {MAX_TRACES} traces; figures come from these alone.")
        if not buckets:
            gaps.append(f"No spans of {service} in the window.")
            return SourceAnswer([], self._link(service), gaps)
        minutes = sorted(buckets)
        if what == "errors":
            values = [100 * float(np.mean([bad for _, bad in buckets[m]])) for m in minutes]
        else:
            values = [float(np.quantile([s for s, _ in buckets[m]], 0.95)) for m in minutes]
        series = Series({"service": service}, [float(minute) for minute in minutes], values)
        return SourceAnswer([series], self._link(service), gaps)

    def _link(self, service: str) -> str:
        return f"{self.http.base}/search?service={service}"

    def discover(self, deadline: float) -> list[dict[str, str]]:
        answer = self.http.get_json("/api/services", deadline=deadline)
        with self.expecting("a list of Jaeger services"):
            return [{"service": str(name)} for name in answer["data"] or []]

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/api/services", deadline=deadline)
        with self.probing():
            return f"Answers; it knows {len(answer['data'] or [])} services."


def _by_minute(traces: list[Any], service: str) -> dict[int, list[tuple[float, bool]]]:
    """Seconds and failure of each span of the service, by the minute it started in."""
    buckets: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for trace in traces:
        names = {key: process["serviceName"] for key, process in trace["processes"].items()}
        for span in trace["spans"]:
            if names.get(span["processID"]) == service:
                minute = int(span["startTime"] / 1e6) // BUCKET * BUCKET
                buckets[minute].append((span["duration"] / 1e6, _failed(span)))
    return buckets


def _failed(span: dict[str, Any]) -> bool:
    tags = {tag["key"]: tag.get("value") for tag in span.get("tags") or []}
    return tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR"
