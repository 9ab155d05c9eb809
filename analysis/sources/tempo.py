"""Grafana Tempo: search by TraceQL, then each trace of a sample by its id."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from analysis.sources.base import SourceError, SourceQuery, Trace, TracedSpan, Window
from analysis.sources.spans import has_failed, hex_id, read_otlp
from analysis.sources.traces import SHORTEST, TraceSource, names_in

MAX_READ = 120
"""Traces that are read in full, one request each."""
MAX_CHOSEN = 5
"""Further ones of these that failed."""
SPANS_OF_SET = 50
_SELECT = "select(status, span.http.status_code, span.http.response.status_code)"


class Tempo(TraceSource):
    kind = "tempo"
    title = "Grafana Tempo"
    product = "Tempo"

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.only_v1 = False

    def items_of(self, query: SourceQuery) -> str:
        return "traces" if query.text.startswith("{") else super().items_of(query)

    def find(self, service: str, window: Window, limit: int, deadline: float) -> list[Trace]:
        """Traces with the matching spans only; `service` may be TraceQL of its own in braces."""
        selected = service
        if not service.startswith("{"):
            # A service's name holds no quote: it was checked when the query was made.
            name = service.replace("\\", "").replace('"', "")
            selected = f'{{ resource.service.name = "{name}" }} | {_SELECT}'
        params = {
            "q": selected,
            "start": int(window.start.timestamp()),
            "end": int(window.end.timestamp()) + 1,
            "limit": limit,
            "spss": SPANS_OF_SET,
        }
        answer = self.http.get_json("/api/search", params, deadline=deadline)
        with self.expecting("a result of Tempo's search"):
            # Protobuf's JSON leaves empty lists out: without a result there are only metrics.
            found = answer["traces"] if "traces" in answer else answer["metrics"] and []
            traces = [_found_trace(each, service) for each in found or []]
        return [trace for trace in traces if trace.spans]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> Any:
        if query.text.startswith("{"):
            query = replace(query, text=f"traces {query.text}")
        return super().pull(query, window, deadline)

    def complete(self, traces: list[Trace], until: float) -> tuple[list[Trace], list[str]]:
        gaps = []
        wanted = _spread(sorted(traces, key=lambda trace: trace.start), MAX_READ)
        if len(wanted) < len(traces):
            gaps.append(f"{len(wanted)} of {len(traces)} traces were read in full.")
        drawn = {trace.id for trace in wanted}
        failed = [trace for trace in traces if trace.failed and trace.id not in drawn]
        wanted += [replace(trace, chosen=True) for trace in failed[-MAX_CHOSEN:]]
        full: list[Trace] = []
        missing = partial = 0
        # Every second one first: should time run out, what is read still covers the window.
        for trace in [*wanted[::2], *wanted[1::2]]:
            left = until - time.monotonic()
            if left < SHORTEST:
                gaps.append(f"Time ran out after {len(full)} traces.")
                break
            read, is_partial = self._read_trace(trace, left)
            partial += is_partial
            missing += read is None
            if read:
                full.append(replace(read, chosen=trace.chosen))
        if missing:
            gaps.append(f"{missing} traces were found and could not be read.")
        if partial:
            gaps.append(f"{partial} traces are larger than Tempo returns; they are not complete.")
        return full, gaps

    def _read_trace(self, trace: Trace, deadline: float) -> tuple[Trace | None, bool]:
        """A trace by its id, and whether Tempo says that it is not all of it."""
        # Tempo reads the blocks of these times only; a trace may last some minutes.
        times = {"start": int(trace.start) - 600, "end": int(trace.start) + 3600}
        paths = [f"/api/v2/traces/{trace.id}", f"/api/traces/{trace.id}"]
        for path in paths[self.only_v1 :]:
            try:
                answer = self.http.get_json(path, times, deadline=deadline)
            except SourceError as error:
                if error.reason == "not-found":
                    continue
                if error.reason == "too-large":
                    return None, False
                raise
            self.only_v1 = path == paths[1]
            with self.expecting("a trace as OTLP-JSON"):
                read = read_otlp(answer.get("trace") or answer)
                partial = str(answer.get("status")) in ("PARTIAL", "1")
            return (read[0] if read else None), partial
        return None, False

    def service_names(self, deadline: float) -> list[str]:
        path = "/api/v2/search/tag/resource.service.name/values"
        answer = self.http.get_json(path, deadline=deadline)
        with self.probing():
            if answer and "tagValues" not in answer and "metrics" not in answer:
                raise self.unlike_product()
            return names_in([each["value"] for each in answer.get("tagValues") or []])


def _found_trace(found: Any, service: str) -> Trace:
    """What a search says of a trace: the spans that matched, without those around them."""
    sets = found.get("spanSets") or ([found["spanSet"]] if found.get("spanSet") else [])
    spans = []
    for span in (span for each in sets for span in each.get("spans") or []):
        attributes = {
            str(pair["key"]).removeprefix("span."): next(iter(pair["value"].values()), "")
            for pair in span.get("attributes") or []
        }
        attributes["otel.status_code"] = attributes.pop("status", "")
        start = int(span["startTimeUnixNano"]) / 1e9
        milliseconds = int(span.get("durationNanos") or 0) / 1e6
        spans.append(
            TracedSpan(
                hex_id(span["spanID"]),
                "",
                service,
                str(span.get("name") or ""),
                start,
                milliseconds,
                has_failed(attributes),
            )
        )
    spans.sort(key=lambda span: span.start)
    return Trace(hex_id(found["traceID"]), spans)


def _spread(traces: list[Trace], most: int) -> list[Trace]:
    """At most so many, evenly among all."""
    step = max(1.0, len(traces) / most)
    return [traces[int(number * step)] for number in range(min(most, len(traces)))]
