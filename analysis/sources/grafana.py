"""Grafana: what people and tools annotated on dashboards."""

from __future__ import annotations

from typing import Any

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


class Grafana(SourcePlugin):
    kind = "grafana"
    title = "Grafana annotations"
    items = "lines"
    SettingsForm = HttpForm

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.http = HttpClient(settings)

    def queries(self, target: Target) -> list[Query]:
        return [Query("annotations", fill("$service", target))]

    def pull(self, query: Query, window: Window, deadline: float) -> Answer:
        params = {
            "from": int(window.start.timestamp() * 1000),
            "to": int(window.end.timestamp() * 1000),
            "tags": query.text,
            "limit": MOST_LINES,
        }
        answer = self.http.get_json("/api/annotations", params, deadline=deadline)
        try:
            lines = [
                Line(
                    note["time"] / 1000,
                    redact(f"{note.get('text') or ''} [{', '.join(note.get('tags') or [])}]"),
                )
                for note in answer
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise SourceError("garbage", "The answer is not a list of annotations.") from error
        lines.sort(key=lambda line: line.at)
        gaps = [] if lines else [f"No annotation is tagged {query.text} in the window."]
        return Answer(lines, f"{self.http.base}/", gaps)

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/api/annotations", {"limit": 1}, deadline=deadline)
        if not isinstance(answer, list):
            raise SourceError(
                "garbage", "The address answers, but not like Grafana. Check “Address”."
            )
        return "Answers; we may read its annotations."
