"""Graphs of Prometheus for anything that has labels, whichever exporter reports it.

`or` gives the first of several names that has series: containers, then processes, then machines.
Names: cAdvisor, kube-state-metrics, node exporter, the Prometheus client libraries, and the
semantic conventions of OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.sources.base import SourceQuery
from common.alert_labels import matchers
from common.promql import is_counter

_COUNTS = (
    "http_requests_total",
    "http_server_requests_seconds_count",
    "http_server_request_duration_seconds_count",
    "http_request_duration_seconds_count",
    "grpc_server_handled_total",
)
_FAILED = ('code=~"5.."', 'status=~"5.."', 'http_response_status_code=~"5.."')


def _first_of(*queries: str) -> str:
    return " or ".join(queries)


_REQUESTS = _first_of(*(f"sum(rate({name}{{$labels}}[5m]))" for name in _COUNTS))
_ERRORS = _first_of(
    *(f"sum(rate({name}{{$labels,{failed}}}[5m]))" for name in _COUNTS[:4] for failed in _FAILED)
)
GRAPHS = (
    (
        "cpu",
        "cores",
        _first_of(
            "sum(rate(container_cpu_usage_seconds_total{$labels}[5m]))",
            "sum(rate(process_cpu_seconds_total{$labels}[5m]))",
            'sum(rate(node_cpu_seconds_total{$labels,mode!="idle"}[5m]))',
        ),
    ),
    (
        "memory",
        "bytes",
        _first_of(
            "sum(container_memory_working_set_bytes{$labels})",
            "sum(process_resident_memory_bytes{$labels})",
            "sum(node_memory_MemTotal_bytes{$labels} - node_memory_MemAvailable_bytes{$labels})",
        ),
    ),
    (
        "restarts",
        "",
        _first_of(
            "sum(increase(kube_pod_container_status_restarts_total{$labels}[10m]))",
            "sum(changes(process_start_time_seconds{$labels}[10m]))",
        ),
    ),
    ("targets up", "ratio", "avg(up{$labels})"),
    ("request rate", "/s", _REQUESTS),
    ("error ratio", "ratio", f"({_ERRORS}) / ({_REQUESTS})"),
)


def standard_graphs(labels: Mapping[str, str]) -> list[SourceQuery]:
    """One query for each graph. `labels` must be safe; without any there is nothing to select."""
    if not labels:
        return []
    chosen = matchers(labels)
    return [
        SourceQuery(what, query.replace("$labels", chosen), unit, dict(labels))
        for what, unit, query in GRAPHS
    ]


def same_metrics(metrics: Sequence[str], labels: Mapping[str, str]) -> list[SourceQuery]:
    """The metrics of an alert's expression, plain, by its labels: at most two."""
    chosen = matchers(labels)
    if not chosen:
        return []
    return [
        SourceQuery(
            f"{name} by its labels",
            f"sum(rate({name}{{{chosen}}}[5m]))" if is_counter(name) else f"{name}{{{chosen}}}",
            "/s" if is_counter(name) else "",
            dict(labels),
        )
        for name in list(dict.fromkeys(metrics))[:2]
    ]
