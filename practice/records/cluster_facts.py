"""Reads what services run on from Prometheus: pods, bounds, node groups, spot share, cost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from analysis.sources.base import Series, SourceError
from analysis.sources.prometheus import Prometheus
from incidents.models import Service
from practice.core import cluster_queries
from practice.core.cluster_queries import HOURS_OF_MONTH, Workload
from practice.models import ClusterFacts
from practice.prometheus import prometheus_of

logger = logging.getLogger(__name__)
INTERVAL = timedelta(hours=6)
"""Between two readings of a service."""
DEADLINE = 10.0
"""Seconds of one query."""
BATCH = 100
MOST_GROUPS = 20


def read_due(seconds: float = 60.0, now: datetime | None = None) -> int:
    """Read the services that are due; how many run in the cluster.

    Nothing is written as long as no Prometheus knows of pods: not everybody runs Kubernetes.
    """
    now = now or timezone.now()
    until, found = monotonic() + seconds, 0
    try:
        prometheus = prometheus_of(None)
        if prometheus is None or not _points(prometheus, "count(kube_pod_info)", now):
            return 0
    except SourceError as error:
        logger.warning("Reading what services run on: %s", error)
        return 0
    is_due = Q(cluster_facts=None) | Q(cluster_facts__read_at__lte=now - INTERVAL)
    due = Service.objects.filter(is_due).exclude(lifecycle="deprecated")
    for service in due.order_by("cluster_facts__read_at", "pk")[:BATCH]:
        if monotonic() > until:
            break
        found += read(service, prometheus, now)
    return found


def read(service: Service, prometheus: Prometheus, now: datetime) -> bool:
    """Read one service; whether it runs there. A failure is stored as `problem`, beside what was
    read before."""
    workload = Workload.of(service.name, service.telemetry_label_values)
    fields: dict[str, Any] = {"read_at": now, "problem": "", "workload": str(workload)[:200]}
    try:
        fields |= _facts(workload, prometheus, now)
    except SourceError as error:
        logger.warning("Reading what %s runs on: %s", service.pk, error)
        fields["problem"] = str(error)[:500]
    row, _ = ClusterFacts.objects.update_or_create(service=service, defaults=fields)
    return bool(row.pods)


def _facts(workload: Workload, prometheus: Prometheus, now: datetime) -> dict[str, Any]:
    """The fields of the row. Raises SourceError."""

    def number(query: str) -> float | None:
        found = _points(prometheus, query, now)
        return found[0].values[-1] if found else None

    def count(query: str) -> int | None:
        value = number(query)
        return round(value) if value is not None and 0 <= value < 2**31 else None

    pods = sum(round(each.values[-1]) for each in _points(prometheus, workload.pods, now))
    if not pods:
        return {**EMPTY, "pods": 0}
    requested = {
        each.labels.get("resource", ""): each.values[-1]
        for each in _points(prometheus, workload.requested, now)
    }
    return {
        "pods": pods,
        "pods_on_spot": count(workload.pods_on_spot) or 0,
        "smallest": count(workload.bound("spec_min")),
        "largest": count(workload.bound("spec_max")),
        "node_groups": _node_groups(workload, prometheus, now),
        "cpu_requested": requested.get("cpu"),
        "memory_requested": requested.get("memory"),
        "hourly_cost": number(workload.hourly_cost),
    }


EMPTY: dict[str, Any] = {
    "pods_on_spot": None, "smallest": None, "largest": None, "node_groups": [],
    "cpu_requested": None, "memory_requested": None, "hourly_cost": None,
}  # fmt: skip


def _node_groups(workload: Workload, prometheus: Prometheus, now: datetime) -> list[dict[str, Any]]:
    nodes: dict[str, int] = {}
    for series in _points(prometheus, workload.node_groups, now):
        name = cluster_queries.group_of(series.labels)
        nodes[name] = nodes.get(name, 0) + round(series.values[-1])
    bounds = {
        which: _points(prometheus, cluster_queries.group_bound(which), now) if any(nodes) else []
        for which in ("min", "max")
    }
    return [
        {"name": name[:200], "nodes": count, **{way: _bound(bounds[way], name) for way in bounds}}
        for name, count in sorted(nodes.items())[:MOST_GROUPS]
    ]


def _bound(rows: list[Series], group: str) -> int | None:
    """Summed where a group has one part for each zone; None where none is named so."""
    found = [
        round(row.values[-1])
        for row in rows
        if cluster_queries.is_of_group(row.labels.get("node_group", ""), group)
    ]
    return sum(found) if found else None


def _points(prometheus: Prometheus, query: str, now: datetime) -> list[Series]:
    """The series of a query at one point in time, those that have a value. Raises SourceError."""
    at = now.timestamp()
    found = prometheus.points(query, at, at, 3600, DEADLINE)
    return [series for series in found if series.values]


def in_words(facts: ClusterFacts) -> list[str]:
    """What leaves no headroom, in sentences; empty where there is some."""
    warnings = []
    if facts.replicas_left == 0:
        full = gettext("It runs at its most replicas, %(n)s: it cannot grow.")
        warnings.append(full % {"n": facts.largest})
    for group in facts.node_groups:
        if group.get("max") is not None and group["nodes"] >= group["max"]:
            full = gettext("Its node group %(name)s is at its most nodes, %(n)s.")
            warnings.append(full % {"name": group["name"], "n": group["max"]})
    for share, requested in (
        (facts.cpu_requested, gettext("Of the CPU of its nodes %(share)s is requested.")),
        (facts.memory_requested, gettext("Of the memory of its nodes %(share)s is requested.")),
    ):
        if share is not None and share >= NEARLY_ALL:
            warnings.append(requested % {"share": f"{share:.0%}"})
    if facts.spot_share == 1:
        warnings.append(
            gettext("All of its pods are on spot nodes, which may be taken away at once.")
        )
    return warnings


NEARLY_ALL = 0.9


def monthly_cost(facts: ClusterFacts) -> float | None:
    """At the prices of the last hour."""
    return facts.hourly_cost * HOURS_OF_MONTH if facts.hourly_cost is not None else None
