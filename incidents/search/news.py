"""What changed of a list of incidents since it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from incidents.models import Event, Incident


@dataclass(frozen=True)
class News:
    changed: list[Incident]
    """those shown that changed, as they are now"""
    new: int
    """those not shown that would be on the first page now: filed or changed since"""
    filed: int
    """how many of these were filed since"""


def news_of(
    visible: QuerySet[Incident],
    matching: QuerySet[Incident],
    shown: Sequence[int],
    since: datetime,
    read_at: datetime,
    count_new: bool,
) -> News:
    """What is new in a list that was read at `since` and showed `shown`.

    `visible` are all incidents of the viewer, `matching` those of the filter. Rows that changed
    after `read_at` are returned; what is new is counted from `since` on.
    """
    rows = visible.filter(pk__in=shown).filter(pk__in=_changed_after(read_at))
    changed = list(rows.select_related("owner").prefetch_related("services"))
    if not count_new:
        return News(changed, 0, 0)
    is_open = ~Q(status=Incident.Status.RESOLVED)
    others = matching.exclude(pk__in=shown).filter(Q(created_at__gt=since) | is_open)
    new = others.filter(pk__in=_changed_after(since)).values_list("created_at", flat=True)
    times = list(new.order_by().distinct().values_list("pk", "created_at"))
    return News(changed, len(times), sum(at > since for _, at in times))


def _changed_after(moment: datetime) -> QuerySet[Any, Any]:
    """Keys of incidents that were changed, or that something happened to."""
    edited = Incident.objects.filter(updated_at__gt=moment).order_by().values("pk")
    happened = Event.objects.filter(at__gt=moment).order_by().values("incident_id")
    # A union, so that each part uses its own index.
    return edited.union(happened)
