"""Grafana Loki."""

from __future__ import annotations

from typing import Any

from django import forms

from analysis.sources.base import (
    MOST_LINES,
    Answer,
    Line,
    Query,
    SourceError,
    SourcePlugin,
    Target,
    Window,
    fill,
)
from analysis.sources.http import HttpClient, HttpForm
from common.redaction import redact


class LokiForm(HttpForm):
    selector = forms.CharField(
        initial='{service="$service"}', help_text="LogQL that picks a service's lines."
    )


class Loki(SourcePlugin):
    kind = "loki"
    title = "Grafana Loki"
    items = "lines"
    SettingsForm = LokiForm

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.http = HttpClient(settings)

    def queries(self, target: Target) -> list[Query]:
        template = self.settings.get("selector") or '{service="$service"}'
        return [Query("log", fill(template, target))]

    def pull(self, query: Query, window: Window, deadline: float) -> Answer:
        params = {
            "query": query.text,
            "start": int(window.start.timestamp() * 1e9),
            "end": int(window.end.timestamp() * 1e9),
            "limit": MOST_LINES,
            # Newest first: when there are too many, those around the incident are the ones kept.
            "direction": "backward",
        }
        answer = self.http.get_json("/loki/api/v1/query_range", params, deadline=deadline)
        try:
            lines = [
                Line(int(at) / 1e9, redact(text), stream["stream"])
                for stream in answer["data"]["result"]
                for at, text, *_ in stream["values"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError("garbage", "The answer is not a set of Loki streams.") from error
        lines.sort(key=lambda line: line.at)
        gaps = []
        if len(lines) >= MOST_LINES:
            gaps.append(f"More than {MOST_LINES} lines; only the newest are kept.")
        if not lines:
            gaps.append("No lines matched this query in the window.")
        return Answer(lines, f"{self.http.base}/explore", gaps)

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/loki/api/v1/labels", deadline=deadline)
        if not isinstance(answer, dict) or "status" not in answer:
            raise SourceError("garbage", "The address answers, but not like Loki. Check “Address”.")
        return f"Answers; it knows {len(answer.get('data') or [])} labels."
