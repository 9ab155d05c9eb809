"""Capacity: suggested limits, measured use, days until full."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from analysis.sources.base import SourceError
from incidents.models import Service
from practice.core.capacity_forecast import Trend, trend
from practice.models import Capacity
from practice.prometheus import prometheus_of
from practice.records.load_tests import logger

HISTORY = timedelta(days=30)
EVERY = timedelta(hours=6)
HOUR = 3600
DEADLINE = 10.0


def trend_of(capacity: Capacity) -> Trend | None:
    return trend(capacity.times, capacity.values, capacity.limit)


def suggested_capacities(service: Service) -> list[Capacity]:
    """What is worth watching for such a service, of what is not watched yet; not saved."""
    wanted = {
        "postgresql": ["disk", "connections"], "node": ["disk", "memory"], "cache": ["memory"],
    }.get(service.kind, ["memory"])  # fmt: skip
    known = set(service.capacities.values_list("what", flat=True))
    label = f'service="{service.name}"'
    queries = {
        "disk": "max(1 - node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes{%s})",
        "connections": "sum(pg_stat_activity_count{%s}) / max(pg_settings_max_connections{%s})",
        "memory": "sum(container_memory_working_set_bytes{%s}) "
        "/ sum(container_spec_memory_limit_bytes{%s})",
    }
    return [
        Capacity(service=service, what=what, query=queries[what].replace("%s", label))
        for what in wanted
        if what not in known
    ]


def pull_capacities(now: datetime | None = None) -> int:
    """Read how full things are, of those not read for some hours; how many were read."""
    now = now or timezone.now()
    due = Capacity.objects.exclude(pulled_at__gt=now - EVERY).select_related("source")
    return sum(pull_capacity(capacity, now) for capacity in due.order_by("pulled_at", "pk"))


def pull_capacity(capacity: Capacity, now: datetime | None = None) -> bool:
    """Read 30 days, hour by hour. Trouble stands with the record; what was read before stays."""
    now = now or timezone.now()
    end = now.timestamp() // HOUR * HOUR
    found: dict[str, Any] = {"pulled_at": now, "problem": ""}
    try:
        plugin = prometheus_of(capacity.source)
        if plugin is None:
            raise SourceError("no-source", "No Prometheus is set up as a source.")
        series = plugin.points(capacity.query, end - HISTORY.total_seconds(), end, HOUR, DEADLINE)
        if not series or not series[0].times:
            raise SourceError("empty", "No series matched the query.")
        found |= {"times": series[0].times, "values": series[0].values}
    except SourceError as error:
        logger.warning("Reading capacity %s: %s", capacity.pk, error)
        found["problem"] = str(error)[:500]
    Capacity.objects.filter(pk=capacity.pk).update(**found)
    capacity.refresh_from_db()
    return not capacity.problem
