"""Prometheus and whatever speaks its HTTP API: Thanos, Mimir, VictoriaMetrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_POINTS,
    MAX_QUOTED,
    MAX_SERIES,
    AlertTarget,
    Series,
    SourceAnswer,
    SourceError,
    SourceQuery,
    Target,
    Window,
    fill,
)
from analysis.sources.http import HttpForm, HttpSource
from analysis.sources.standard_graphs import same_metrics, standard_graphs
from analysis.sources.templates import FOR_SERVICES, parse_templates, queries_for
from common.alert_fields import labels
from common.alert_labels import matchers, safe_labels, telemetry_labels
from common.promql import Curve, curves_of, keeps_labels, metrics_in

# One query a line: kind of service (or "any") | what it measures | unit | PromQL.
# $selector is the label matcher of the service, set with the source.
TEMPLATES = """\
any | cpu | cores | sum(rate(container_cpu_usage_seconds_total{$selector}[5m]))
any | memory | bytes | sum(container_memory_working_set_bytes{$selector})
any | restarts | | sum(increase(kube_pod_container_status_restarts_total{$selector}[10m]))
http,jvm | request rate | /s | sum(rate(http_requests_total{$selector}[5m]))
http,jvm | error ratio | ratio | sum(rate(http_requests_total{$selector,code=~"5.."}[5m])) \
/ sum(rate(http_requests_total{$selector}[5m]))
http,jvm | latency p99 | s | histogram_quantile(0.99, \
sum by (le) (rate(http_request_duration_seconds_bucket{$selector}[5m])))
jvm | heap used | ratio | sum(jvm_memory_used_bytes{$selector,area="heap"}) \
/ sum(jvm_memory_max_bytes{$selector,area="heap"} > 0)
jvm | time in garbage collection | ratio | max(rate(jvm_gc_pause_seconds_sum{$selector}[5m]))
jvm | threads | | sum(jvm_threads_live_threads{$selector})
jvm | connections waited for | | sum(hikaricp_connections_pending{$selector})
postgresql | connections | | sum(pg_stat_activity_count{$selector})
postgresql | transactions | /s | sum(rate(pg_stat_database_xact_commit{$selector}[5m]))
postgresql | rows read by scans | /s | sum(rate(pg_stat_user_tables_seq_tup_read{$selector}[5m]))
postgresql | locks waited for | | sum(pg_locks_waiting_count{$selector})
postgresql | replication lag | s | max(pg_replication_lag_seconds{$selector})
postgresql | disk used | ratio | max(1 - node_filesystem_avail_bytes{$selector} \
/ node_filesystem_size_bytes{$selector})
cache | hit ratio | ratio | sum(rate(redis_keyspace_hits_total{$selector}[5m])) \
/ (sum(rate(redis_keyspace_hits_total{$selector}[5m])) \
+ sum(rate(redis_keyspace_misses_total{$selector}[5m])))
cache | evictions | /s | sum(rate(redis_evicted_keys_total{$selector}[5m]))
cache | clients | | sum(redis_connected_clients{$selector})
queue | messages waiting | | sum(rabbitmq_queue_messages_ready{$selector})
queue | consumers | | sum(rabbitmq_queue_consumers{$selector})
node | load | | max(node_load1{$selector})
node | disk used | ratio | max(1 - node_filesystem_avail_bytes{$selector} \
/ node_filesystem_size_bytes{$selector})
"""


class PrometheusForm(HttpForm):
    selector = forms.CharField(
        label=_("Selector"),
        initial='service="$service"',
        help_text=_("Labels that pick a service's series."),
    )
    templates = forms.CharField(
        label=_("Templates"),
        initial=TEMPLATES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=format_lazy(
            _("One query a line: {services} | what | unit | PromQL."), services=FOR_SERVICES
        ),
    )

    def clean_templates(self) -> str:
        text = self.cleaned_data["templates"]
        try:
            parse_templates(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return text


class Prometheus(HttpSource):
    kind = "prometheus"
    title = _("Prometheus (also Thanos, Mimir, VictoriaMetrics)")
    product = "Prometheus"
    items = "series"
    SettingsForm = PrometheusForm

    def queries(self, target: Target) -> list[SourceQuery]:
        selecting = safe_labels(target.labels)
        named = fill(self.settings.get("selector") or 'service="$service"', target)
        selector = matchers(selecting) or named
        found = {query.what: query for query in standard_graphs(selecting)}
        for query in queries_for(self.settings.get("templates") or TEMPLATES, target):
            written = query.text.replace("$selector", selector)
            found.setdefault(query.what, SourceQuery(query.what, written, query.unit))
        return list(found.values())

    def alert_queries(self, alert: AlertTarget) -> list[SourceQuery]:
        """The curves of its expression, each with its threshold; then graphs by its labels."""
        curves = curves_of(alert.expression)
        own = [_curve_query(curve, alert.labels) for curve in curves]
        if alert.known:
            return own
        selecting = telemetry_labels(alert.labels)
        # A curve that has the labels itself is the same graph already.
        summed = [curve for curve in curves if not keeps_labels(curve.query, selecting)]
        metrics = [name for curve in summed for name in metrics_in(curve.query)]
        return [*own, *same_metrics(metrics, selecting), *standard_graphs(selecting)]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        step = max(15, math.ceil(window.seconds / MAX_POINTS / 15) * 15)
        # Whole steps, so that pulling twice gives the same points.
        start = math.floor(window.start.timestamp() / step) * step
        end = math.floor(window.end.timestamp() / step) * step
        found, gaps = self._range(query.text, start, end, step, deadline)
        matching = [series for series in found if _agree(series.labels, query.labels)]
        if matching and len(matching) < len(found):
            others = len(found) - len(matching)
            gaps.append(f"{others} other series matched; the alert is about those stored here.")
            found = matching
        if len(found) > MAX_SERIES:
            gaps.append(f"{len(found)} series matched; the first {MAX_SERIES} are stored.")
        found = [series for series in found if series.times][:MAX_SERIES]
        if not found:
            gaps.append("No series matched this query in the window.")
        return SourceAnswer(found, f"{self.http.base}/graph", gaps)

    def points(
        self, text: str, start: float, end: float, step: float, deadline: float
    ) -> list[Series]:
        """The series of a query at every `step` from `start` to `end`. Raises SourceError."""
        return self._range(text, start, end, step, deadline)[0]

    def _range(
        self, text: str, start: float, end: float, step: float, deadline: float
    ) -> tuple[list[Series], list[str]]:
        params = {
            "query": text, "start": start, "end": end, "step": step, "timeout": f"{deadline:.0f}s",
        }  # fmt: skip
        answer = self.http.get_json("/api/v1/query_range", params, deadline=deadline)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            message = answer.get("error") if isinstance(answer, dict) else answer
            raise SourceError(
                "refused", "Prometheus refused the query.", detail=str(message)[:MAX_QUOTED]
            )
        with self.expecting("a Prometheus matrix"):
            found = [_series(row) for row in answer["data"]["result"]]
        gaps = [f"Warning from the server: {each}" for each in answer.get("warnings") or []]
        return found, gaps

    def discover(self, deadline: float) -> list[dict[str, str]]:
        """The active targets. Some that speak the API have none, such as Thanos: not found."""
        params = {"state": "active"}
        answer = self.http.get_json("/api/v1/targets", params, deadline=deadline)
        with self.expecting("a list of Prometheus targets"):
            return [labels(row, "labels") for row in answer["data"]["activeTargets"]]

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json("/api/v1/query", {"query": "count(up)"}, deadline=deadline)
        with self.probing():
            result = answer["data"]["result"]
            count = int(float(result[0]["value"][1])) if result else 0
        targets = "1 target" if count == 1 else f"{count} targets"
        return f"Answers; it scrapes {targets}."


def _series(row: dict[str, Any]) -> Series:
    times, values = [], []
    for at, written in row["values"]:
        value = float(written)
        if math.isfinite(value):
            times.append(float(at))
            values.append(value)
    return Series({str(k): str(v) for k, v in row["metric"].items()}, times, values)


def _curve_query(curve: Curve, of_alert: Mapping[str, str]) -> SourceQuery:
    what = " and ".join(metrics_in(curve.query)[:2]) or "its own query"
    return SourceQuery(what[:80], curve.query, "", dict(of_alert), str(curve.threshold or ""))


def _agree(own: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a series has no other value for a label of the alert."""
    return all(wanted.get(name, value) == value for name, value in own.items())
