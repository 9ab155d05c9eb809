"""Elasticsearch and OpenSearch."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

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
from common.alert_labels import safe_labels
from common.redaction import redact


class ElasticsearchForm(HttpForm):
    index = forms.RegexField(
        r"^[A-Za-z0-9._*,-]+$",
        label=_("Index"),
        initial="logs-*",
        help_text=_("Index, alias or pattern."),
    )
    query = forms.CharField(
        label=_("Query"),
        initial='service:"$service"',
        help_text=_("Query string that picks a service's lines."),
    )
    time_field = forms.CharField(label=_("Time field"), initial="@timestamp")
    message_field = forms.CharField(label=_("Message field"), initial="message")


class Elasticsearch(HttpSource):
    kind = "elasticsearch"
    title = _("Elasticsearch or OpenSearch")
    product = "Elasticsearch"
    items = "lines"
    SettingsForm = ElasticsearchForm

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.index = settings.get("index") or "logs-*"
        self.time_field = settings.get("time_field") or "@timestamp"
        self.message_field = settings.get("message_field") or "message"

    def queries(self, target: Target) -> list[SourceQuery]:
        return [
            SourceQuery("log", fill(self.settings.get("query") or 'service:"$service"', target))
        ]

    def alert_queries(self, alert: AlertTarget) -> list[SourceQuery]:
        """Lines of its pod, container, node or host, by the field names that shippers use."""
        if alert.known:
            return []
        labels = safe_labels(alert.labels)
        if "instance" in labels:
            labels["host"] = labels["instance"].rpartition(":")[0] or labels["instance"]
        wanted = next((each for each in _SELECTING if any(name in labels for name in each)), ())
        chosen = [_any_field(name, labels[name]) for name in wanted if name in labels]
        clauses = [f"({' AND '.join(chosen)})"] if chosen else []
        if alert.service and not labels.keys() & {"pod", "container"}:
            clauses.append(f"({self.queries(Target(alert.service, ''))[0].text})")
        if not clauses:
            return []
        return [SourceQuery("log", " OR ".join(clauses), labels=dict(alert.labels))]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        body = {
            "size": MAX_LINES,
            "timeout": f"{deadline:.0f}s",
            # Newest first: of too many lines, those around the incident are read.
            "sort": [{self.time_field: "desc"}],
            "_source": [self.time_field, self.message_field],
            "query": {
                "bool": {
                    "filter": [
                        {"query_string": {"query": query.text}},
                        {
                            "range": {
                                self.time_field: {
                                    "gte": window.start.isoformat(),
                                    "lte": window.end.isoformat(),
                                }
                            }
                        },
                    ]
                }
            },
        }
        path = f"/{quote(self.index, safe='*,')}/_search"
        answer = self.http.post_json(
            path, body, deadline=deadline, params={"ignore_unavailable": "true"}
        )
        with self.expecting("a list of lines with the time and message fields of this source"):
            lines = [self._line(hit["_source"]) for hit in answer["hits"]["hits"]]
        return lines_answer(lines, self.http.base, self._gaps(answer))

    def _line(self, source: dict[str, Any]) -> Line:
        at = source[self.time_field]
        if isinstance(at, (int, float)):
            seconds = at / 1000
        else:
            seconds = datetime.fromisoformat(str(at).replace("Z", "+00:00")).timestamp()
        return Line(seconds, redact(str(source.get(self.message_field, ""))))

    @staticmethod
    def _gaps(answer: dict[str, Any]) -> list[str]:
        gaps = []
        if answer.get("timed_out"):
            gaps.append("The server ran out of time: the lines are not complete.")
        failed = (answer.get("_shards") or {}).get("failed") or 0
        if failed:
            gaps.append(f"{failed} shards failed: the lines are not complete.")
        return gaps

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/", deadline=deadline)
        with self.probing():
            return f"Answers; version {answer['version']['number']}."


_FIELDS = {
    # Elastic's shippers, Fluent Bit, OpenTelemetry.
    "namespace": ("kubernetes.namespace", "kubernetes.namespace_name", "k8s.namespace.name"),
    "pod": ("kubernetes.pod.name", "kubernetes.pod_name", "k8s.pod.name"),
    "container": ("kubernetes.container.name", "kubernetes.container_name", "k8s.container.name"),
    "node": ("kubernetes.node.name", "kubernetes.host", "k8s.node.name"),
    "host": ("host.name", "host.hostname", "host.ip"),
}
_SELECTING = (("pod", "container", "namespace"), ("node",), ("host",))
"""Labels that select together; the first of these that an alert has."""


def _any_field(label: str, value: str) -> str:
    clauses = [f'{field}:"{value}"' for field in _FIELDS[label]]
    return f"({' OR '.join(clauses)})"
