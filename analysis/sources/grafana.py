"""Grafana: what people and tools annotated on dashboards."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_LINES,
    Line,
    SourceAnswer,
    SourceQuery,
    Target,
    Window,
    fill,
)
from analysis.sources.http import HttpSource
from common.redaction import redact


class Grafana(HttpSource):
    kind = "grafana"
    title = _("Grafana annotations")
    product = "Grafana"
    items = "lines"

    def queries(self, target: Target) -> list[SourceQuery]:
        return [SourceQuery("annotations", fill("$service", target))]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        params = {
            "from": int(window.start.timestamp() * 1000),
            "to": int(window.end.timestamp() * 1000),
            "tags": query.text,
            "limit": MAX_LINES,
        }
        answer = self.http.get_json("/api/annotations", params, deadline=deadline)
        with self.expecting("a list of annotations"):
            lines = [
                Line(
                    note["time"] / 1000,
                    redact(f"{note.get('text') or ''} [{', '.join(note.get('tags') or [])}]"),
                )
                for note in answer
            ]
        lines.sort(key=lambda line: line.at)
        gaps = [] if lines else [f"No annotation is tagged {query.text} in the window."]
        return SourceAnswer(lines, f"{self.http.base}/", gaps)

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/api/annotations", {"limit": 1}, deadline=deadline)
        if not isinstance(answer, list):
            raise self.unlike_product()
        return "Answers; we may read its annotations."
