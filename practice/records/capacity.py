"""Capacity: suggested queries, measured use, days until full."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from analysis.sources.base import SourceError
from incidents.models import Service
from practice.core.capacity_forecast import Trend, trend
from practice.models import Capacity
from practice.prometheus import prometheus_of

logger = logging.getLogger(__name__)
HISTORY = timedelta(days=30)
INTERVAL = timedelta(hours=6)
"""Between two measurements of a capacity."""
HOUR = 3600
DEADLINE = 10.0
"""Seconds of one query."""


def trend_of(capacity: Capacity) -> Trend | None:
    return trend(capacity.times, capacity.values, capacity.limit)


def suggested_capacities(service: Service) -> list[Capacity]:
    """What such a service usually runs out of and is not watched yet; not saved."""
    usual = {
        "postgresql": ["disk", "connections"],
        "node": ["disk", "memory"],
        "cache": ["memory"],
    }.get(service.kind, ["memory"])
    watched = set(service.capacities.values_list("what", flat=True))
    label = f'service="{service.name}"'
    queries = {
        "disk": "max(1 - node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes{%s})",
        "connections": "sum(pg_stat_activity_count{%s}) / max(pg_settings_max_connections{%s})",
        "memory": "sum(container_memory_working_set_bytes{%s}) "
        "/ sum(container_spec_memory_limit_bytes{%s})",
    }
    return [
        Capacity(service=service, what=what, query=queries[what].replace("%s", label))
        for what in usual
        if what not in watched
    ]


def measure_all(now: datetime | None = None) -> int:
    """Measure the capacities that are due; how many were measured."""
    now = now or timezone.now()
    due = Capacity.objects.exclude(pulled_at__gt=now - INTERVAL).select_related("source")
    return sum(measure(capacity, now) for capacity in due.order_by("pulled_at", "pk"))


def measure(capacity: Capacity, now: datetime | None = None) -> bool:
    """Read 30 days of use, hour by hour; whether it worked.

    A failure is stored as `capacity.problem`; what was read before is left as it is.
    """
    now = now or timezone.now()
    end = now.timestamp() // HOUR * HOUR
    fields: dict[str, Any] = {"pulled_at": now, "problem": ""}
    try:
        plugin = prometheus_of(capacity.source)
        if plugin is None:
            raise SourceError("no-source", "No Prometheus is set up as a source.")
        series = plugin.points(capacity.query, end - HISTORY.total_seconds(), end, HOUR, DEADLINE)
        if not series or not series[0].times:
            raise SourceError("empty", "No series matched the query.")
        fields |= {"times": series[0].times, "values": series[0].values}
    except SourceError as error:
        logger.warning("Measuring capacity %s: %s", capacity.pk, error)
        fields["problem"] = str(error)[:500]
    Capacity.objects.filter(pk=capacity.pk).update(**fields)
    capacity.refresh_from_db()
    return not capacity.problem
