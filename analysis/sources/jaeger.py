"""Jaeger: its own JSON (`/api/traces`), or OTLP-JSON (`/api/v3/traces`) where there is none."""

from __future__ import annotations

import time
from typing import Any

from analysis.sources.base import SourceError, Trace, Window
from analysis.sources.spans import read_jaeger, read_otlp
from analysis.sources.traces import TraceSource, names_in


class Jaeger(TraceSource):
    kind = "jaeger"
    title = "Jaeger"
    product = "Jaeger"

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.only_v3 = False

    def find(self, service: str, window: Window, limit: int, deadline: float) -> list[Trace]:
        until = time.monotonic() + deadline
        if not self.only_v3:
            try:
                return self._find_v1(service, window, limit, deadline)
            except SourceError as error:
                if error.reason != "not-found":
                    raise
        traces = self._find_v3(service, window, limit, max(0.1, until - time.monotonic()))
        self.only_v3 = True
        return traces

    def _find_v1(self, service: str, window: Window, limit: int, deadline: float) -> list[Trace]:
        params = {
            "service": service,
            "start": int(window.start.timestamp() * 1e6),
            "end": int(window.end.timestamp() * 1e6),
            "limit": limit,
        }
        answer = self.http.get_json("/api/traces", params, deadline=deadline)
        with self.expecting("a list of Jaeger traces"):
            return read_jaeger(answer["data"] or [])

    def _find_v3(self, service: str, window: Window, limit: int, deadline: float) -> list[Trace]:
        # Newer versions call the limit search_depth, older ones num_traces.
        params = {
            "query.service_name": service,
            "query.start_time_min": f"{window.start:%Y-%m-%dT%H:%M:%S.%fZ}",
            "query.start_time_max": f"{window.end:%Y-%m-%dT%H:%M:%S.%fZ}",
            "query.search_depth": limit,
            "query.num_traces": limit,
        }
        try:
            documents = self.http.get_documents("/api/v3/traces", params, deadline=deadline)
        except SourceError as error:
            # Jaeger 2 answers 404 to a search without a result.
            if error.reason == "not-found" and "no traces found" in error.detail.lower():
                return []
            raise
        with self.expecting("OTLP-JSON with a result"):
            results = [document["result"] for document in documents]
            merged = [group for each in results for group in each.get("resourceSpans") or []]
            return read_otlp({"resourceSpans": merged})[:limit]

    def search_page(self, service: str) -> str:
        return f"{self.http.base}/search?service={service}"

    def default_trace_address(self) -> str:
        return f"{self.http.base}/trace/$trace"

    def service_names(self, deadline: float) -> list[str]:
        try:
            answer, key = self.http.get_json("/api/services", deadline=deadline), "data"
        except SourceError as error:
            if error.reason != "not-found":
                raise
            answer, key = self.http.get_json("/api/v3/services", deadline=deadline), "services"
        with self.probing():
            return names_in(answer[key])
