"""Grafana Loki."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_LINES,
    AlertTarget,
    Line,
    SourceAnswer,
    SourceQuery,
    Target,
    Window,
    fill,
    lines_answer,
)
from analysis.sources.http import HttpForm, HttpSource
from common.alert_labels import matchers, safe_labels, telemetry_labels
from common.logql import log_query_in
from common.redaction import redact


class LokiForm(HttpForm):
    selector = forms.CharField(
        label=_("Selector"),
        initial='{service="$service"}',
        help_text=_("LogQL that picks a service's lines."),
    )


class Loki(HttpSource):
    kind = "loki"
    title = "Grafana Loki"
    product = "Loki"
    items = "lines"
    SettingsForm = LokiForm

    def queries(self, target: Target) -> list[SourceQuery]:
        labels = safe_labels(target.labels)
        if labels:
            return [SourceQuery("log", f"{{{matchers(labels)}}}")]
        template = self.settings.get("selector") or '{service="$service"}'
        return [SourceQuery("log", fill(template, target))]

    def alert_queries(self, alert: AlertTarget) -> list[SourceQuery]:
        """Lines of its own LogQL, and those with its labels; outside Kubernetes also those of the
        service it suggests.
        """
        own_text = log_query_in(alert.expression)
        own = [SourceQuery("log of the alert", own_text, labels=alert.labels)] if own_text else []
        if alert.known:
            return own
        labels = telemetry_labels(alert.labels)
        # The address that a metric is scraped at is no label of logs.
        labels.pop("instance", None)
        by_labels = [SourceQuery("log", f"{{{matchers(labels)}}}", labels=labels)] if labels else []
        if not alert.service or labels.keys() & {"pod", "container"}:
            return [*own, *by_labels]
        by_name = self.queries(Target(alert.service, ""))[0]
        named = replace(by_name, what=f"log of {alert.service}"[:80], labels=dict(alert.labels))
        return [*own, *by_labels, named]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        params = {
            "query": query.text,
            "start": int(window.start.timestamp() * 1e9),
            "end": int(window.end.timestamp() * 1e9),
            "limit": MAX_LINES,
            # Newest first: of too many lines, those around the incident are read.
            "direction": "backward",
        }
        answer = self.http.get_json("/loki/api/v1/query_range", params, deadline=deadline)
        with self.expecting("a set of Loki streams"):
            lines = [
                Line(int(at) / 1e9, redact(text), stream["stream"])
                for stream in answer["data"]["result"]
                for at, text, *_ in stream["values"]
            ]
        return lines_answer(lines, f"{self.http.base}/explore")

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/loki/api/v1/labels", deadline=deadline)
        with self.probing():
            if "status" not in answer:
                raise self.unlike_product()
            return f"Answers; it knows {len(answer.get('data') or [])} labels."
