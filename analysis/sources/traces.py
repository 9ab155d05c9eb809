"""The base of sources of traces: error share and latency by the minute, and a sample of traces."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from string import Template
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_TRACES,
    Series,
    SourceAnswer,
    SourceError,
    SourceQuery,
    Target,
    Trace,
    Window,
    fill,
)
from analysis.sources.http import HttpForm, HttpSource

BUCKET = 60
PARTS = 20
"""Parts of the window that are searched one by one when it has more traces than may be read."""
SHORTEST = 0.5
"""Seconds below which no further request is worth starting."""


class TraceForm(HttpForm):
    """Settings of every source of traces."""

    trace_address = forms.CharField(
        label=_("Page of a trace"),
        required=False,
        help_text=_("For links, such as https://jaeger.example/trace/$trace"),
    )

    def clean_trace_address(self) -> str:
        address = self.cleaned_data["trace_address"].strip()
        if not address:
            return ""
        if urlsplit(address).scheme not in ("http", "https") or "$trace" not in address:
            raise forms.ValidationError(_("Use an http:// or https:// address with $trace in it."))
        return address


class TraceSource(HttpSource):
    """Queries are `errors SERVICE`, `p95 SERVICE` and `traces SERVICE`; a subclass finds traces."""

    SettingsForm = TraceForm

    def queries(self, target: Target) -> list[SourceQuery]:
        return [
            SourceQuery("span errors", fill("errors $service", target), "%"),
            SourceQuery("span p95", fill("p95 $service", target), "s"),
            SourceQuery("traces", fill("traces $service", target)),
        ]

    def items_of(self, query: SourceQuery) -> str:
        return "traces" if query.text.startswith("traces ") else "series"

    def find(self, service: str, window: Window, limit: int, deadline: float) -> list[Trace]:
        """At most `limit` traces that pass through a service, with at least its own spans."""
        raise NotImplementedError

    def complete(self, traces: list[Trace], until: float) -> tuple[list[Trace], list[str]]:
        """The traces with the spans of all services, and what is missing, by a monotonic time."""
        return traces, []

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        until = time.monotonic() + deadline
        what, _, service = query.text.partition(" ")
        traces, gaps = self.sample(service, window, until)
        if what == "traces":
            traces, missing = self.complete(traces, until)
            traces.sort(key=lambda trace: trace.start)
            if not traces:
                missing.append(f"No traces of {service} in the window.")
            return SourceAnswer(traces, self.search_page(service), [*gaps, *missing])
        series = by_minute(traces, service, what)
        if series is None:
            gaps.append(f"No spans of {service} in the window.")
        return SourceAnswer([series] if series else [], self.search_page(service), gaps)

    def sample(self, service: str, window: Window, until: float) -> tuple[list[Trace], list[str]]:
        """All traces of the window, or as many from each part of it, with gaps in words.

        Servers return the newest: of a busy service they would all be from the last minutes.
        """
        try:
            traces = self.find(service, window, MAX_TRACES, until - time.monotonic())
            if len(traces) < MAX_TRACES:
                return traces, []
        except SourceError as error:
            if error.reason != "too-large":
                raise
        gaps = [f"More than {MAX_TRACES} traces; figures come from a sample of all times."]
        found: dict[str, Trace] = {}
        length = timedelta(seconds=window.seconds / PARTS)
        parts = [
            Window(window.start + number * length, window.start + (number + 1) * length)
            for number in range(PARTS)
        ]
        # Every second one first: should time run out, what is known still covers the window.
        for part in [*parts[::2], *parts[1::2]]:
            left = until - time.monotonic()
            if left < SHORTEST:
                gaps.append("Time ran out: some of the window has no traces.")
                break
            for trace in self.find(service, part, MAX_TRACES // PARTS, left):
                found.setdefault(trace.id, trace)
        return list(found.values()), gaps

    def service_names(self, deadline: float) -> list[str]:
        """Names of the services that wrote spans. Raises SourceError."""
        raise NotImplementedError

    def discover(self, deadline: float) -> list[dict[str, str]]:
        return [{"service": name} for name in self.service_names(deadline)]

    def probe(self, deadline: float) -> str:
        return f"Answers; it knows {len(self.service_names(deadline))} services."

    def search_page(self, service: str) -> str:
        return self.http.base

    def default_trace_address(self) -> str:
        """The page of a trace where the settings name none; empty if there is none."""
        return ""

    def trace_page(self, trace_id: str) -> str:
        address = self.settings.get("trace_address") or self.default_trace_address()
        return Template(address).safe_substitute(trace=quote(trace_id))


def by_minute(traces: Sequence[Trace], service: str, what: str) -> Series | None:
    """The share of failed spans in percent (`errors`), or the 95th percentile in seconds."""
    buckets: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for trace in traces:
        for span in trace.spans:
            if span.service == service:
                minute = int(span.start) // BUCKET * BUCKET
                buckets[minute].append((span.duration / 1000, span.failed))
    if not buckets:
        return None
    minutes = sorted(buckets)
    if what == "errors":
        values = [100 * float(np.mean([bad for _, bad in buckets[m]])) for m in minutes]
    else:
        values = [float(np.quantile([s for s, _ in buckets[m]], 0.95)) for m in minutes]
    return Series({"service": service}, [float(minute) for minute in minutes], values)


def names_in(values: Any) -> list[str]:
    """The texts of a list that may be missing. Raises TypeError for anything else."""
    return [value for value in list(values or []) if isinstance(value, str)]
