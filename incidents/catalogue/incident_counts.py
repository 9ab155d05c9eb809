"""Incidents of each service: how many, how many open, when the last one, and by week."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    QuerySet,
    Value,
)
from django.utils import timezone
from django.utils.translation import gettext as _

from common.viewer import Viewer
from incidents.models import Alert, Incident, Service
from incidents.permissions import visible, visible_alerts

WEEKS = 26
WEEK = timedelta(weeks=1)
_OF_INCIDENT, _STARTED = "incident__", "incident__impact_started_at"


@dataclass(frozen=True)
class IncidentCounts:
    """Of what the viewer may see."""

    incidents: int = 0
    still_open: int = 0
    worst_open: str = ""
    """the severity of the worst open one"""
    last_at: datetime | None = None
    by_week: tuple[int, ...] = ()
    """the last 26 weeks, oldest first; empty without any"""

    @property
    def in_words(self) -> str:
        """What the columns of the weeks show."""
        return _("Incidents a week: %(all)s in %(weeks)s weeks, %(last)s in the last one") % {
            "all": sum(self.by_week),
            "weeks": WEEKS,
            "last": self.by_week[-1] if self.by_week else 0,
        }


def incident_counts(
    viewer: Viewer, services: Collection[Service], now: datetime | None = None
) -> dict[int, IncidentCounts]:
    """Counts by key of service, for those that have incidents. Four queries."""
    # Counted from the link table: a join with Service would need COUNT(DISTINCT), and to join all
    # incidents takes far longer than to join the open ones and those of some weeks.
    links = Incident.services.through.objects.filter(
        visible(viewer, _OF_INCIDENT), service__in=services
    )
    totals = dict(links.values_list("service_id").annotate(Count("pk")))
    still_open = links.exclude(incident__status=Incident.Status.RESOLVED).values_list("service_id")
    worst = {
        key: (count, severity)
        for key, count, severity in still_open.annotate(Count("pk"), Min("incident__severity"))
    }
    by_week, last_at = _by_week(links, now or timezone.now())
    longer_ago = links.filter(service__in=totals.keys() - last_at.keys())
    last_at |= dict(longer_ago.values_list("service_id").annotate(Max(_STARTED)))
    return {
        key: IncidentCounts(count, *worst.get(key, (0, "")), last_at[key], by_week.get(key, ()))
        for key, count in totals.items()
    }


def firing_alerts(viewer: Viewer, services: Collection[Service]) -> dict[int, int]:
    """How many alerts fire, by key of service, for those that have any. One query."""
    firing = visible_alerts(viewer).filter(status=Alert.Status.FIRING, service__in=services)
    counted = firing.order_by().values_list("service_id").annotate(count=Count("pk"))
    return {service: count for service, count in counted if service is not None}


class _WeeksBefore(Func):
    """Whole weeks from the second time back to the first."""

    template = "FLOOR(DATE_PART('epoch', %(expressions)s) / 604800)::int"
    arg_joiner = " - "
    output_field = IntegerField()


def _by_week(
    links: QuerySet[Any], now: datetime
) -> tuple[dict[int, tuple[int, ...]], dict[int, datetime]]:
    """Counts of the last weeks, and when the last incident began; by key of service."""
    rows = (
        links.filter(incident__impact_started_at__gt=now - WEEKS * WEEK)
        .annotate(ago=_WeeksBefore(Value(now, DateTimeField()), F(_STARTED)))
        .values_list("service_id", "ago")
        .annotate(Count("pk"), Max(_STARTED))
    )
    found: dict[int, list[int]] = {}
    last_at: dict[int, datetime] = {}
    for service, ago, count, last in rows:
        last_at[service] = max(last, last_at.get(service, last))
        if last <= now:
            weeks = found.setdefault(service, [0] * WEEKS)
            weeks[min(WEEKS - 1, max(0, WEEKS - 1 - ago))] += count
    return {service: tuple(weeks) for service, weeks in found.items()}, last_at
