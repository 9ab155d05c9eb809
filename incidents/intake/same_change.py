"""Which stored change a report belongs to: another state of it, another step of its rollout."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from incidents.models import Change, Service
from incidents.webhooks.base import ChangeEvent, change_id

SAME_WITHIN = timedelta(minutes=10)
"""A change without an id that is reported again within this time is the same one."""
NEXT_STEP_WITHIN = timedelta(minutes=30)
"""A rollout without news for so long has ended: what follows is another change."""
OUT_OF_ORDER = timedelta(minutes=2)
"""Steps of a rollout may arrive before those that preceded them."""
_AUTOSCALER = "/HorizontalPodAutoscaler/"
_RANK = {"running": 0, "succeeded": 1, "failed": 1, "rolled_back": 2}


def find_same(
    source: str, service: Service, event: ChangeEvent, started: datetime
) -> tuple[Change | None, ChangeEvent]:
    """The stored change of a report, locked, or None; and the report with the id to store."""
    if event.rollout:
        return _of_rollout(source, service, event, started)
    if event.external_id:
        same = Change.objects.filter(external_source=source, external_id=event.external_id[:200])
        return same.select_for_update().first(), event
    near = Change.objects.filter(
        service=service,
        title=event.title[:300],
        version=event.version[:200],
        environment=event.environment[:100],
        started_at__range=(started - SAME_WITHIN, started + SAME_WITHIN),
    )
    return next((each for each in near if event.url in ("", each.url)), None), event


def is_next_attempt(change: Change, event: ChangeEvent, started: datetime) -> bool:
    """Whether a report is of a run that was started again after `change` had ended."""
    return bool(event.another_attempt and change.finished_at and started > change.finished_at)


def is_late_report(change: Change, event: ChangeEvent, finished: datetime | None) -> bool:
    """Whether a later state of `change` is known already."""
    if _RANK[event.outcome] < _RANK[change.outcome]:
        return True
    differs = event.outcome != change.outcome
    known, given = change.finished_at, event.finished_at and finished
    return bool(differs and known and given and given < known and not event.rollout)


def _of_rollout(
    source: str, service: Service, event: ChangeEvent, at: datetime
) -> tuple[Change | None, ChangeEvent]:
    """A rollout of one revision is one change, whatever steps it takes.

    Scaling of a revision that is rolled out already is a change of its own.
    """
    workload = event.rollout
    if len(workload) > 100:
        workload = hashlib.sha256(workload.encode("utf-8", "replace")).hexdigest()[:40]
    prefix, own = f"rollout {workload} ", f"rollout {workload} {event.version[:40] or '-'} @"
    known = Change.objects.filter(
        service=service,
        external_source=source,
        external_id__startswith=prefix,
        started_at__lte=at + OUT_OF_ORDER,
    )
    latest = list(known.select_for_update().order_by("-started_at", "-pk")[:5])
    new = replace(event, external_id=change_id(f"{own}{at:%Y-%m-%dT%H:%M:%S}"))
    if not event.version:
        joined = latest[0] if latest and at <= _end(latest[0]) + NEXT_STEP_WITHIN else None
        return (joined, event) if joined else (None, new)
    joined = _joined(latest, own, at)
    if joined is not None:
        return joined, event
    same_revision = bool(latest) and latest[0].external_id.startswith(own)
    scaling = _scaling(source, service, workload, at)
    autoscaled = not latest and scaling is not None and _AUTOSCALER in scaling.external_id
    if event.rollout_starts is None and not same_revision and not autoscaled:
        return None, new
    if event.rollout_starts and not same_revision:
        # The steps after the first one came before it: they were part of this rollout.
        early = scaling if scaling and scaling.version == event.version[:200] else None
        return early, new
    if scaling is not None and _AUTOSCALER in scaling.external_id:
        return scaling, event
    return scaling, replace(
        event,
        kind=Change.Kind.SCALING,
        external_id=change_id("scaling", workload, f"@{at:%Y-%m-%dT%H:%M:%S}"),
    )


def _joined(latest: Sequence[Change], own: str, at: datetime) -> Change | None:
    """The rollout of this revision that is still going on, or was at that time."""
    for number, change in enumerate(latest):
        if not change.external_id.startswith(own):
            continue
        patience = NEXT_STEP_WITHIN if number == 0 else OUT_OF_ORDER
        if at <= _end(change) + patience:
            return change
    return None


def _scaling(source: str, service: Service, workload: str, at: datetime) -> Change | None:
    """What was scaled a short time before: by the same workload's steps or by its autoscaler."""
    near = Change.objects.filter(
        service=service,
        external_source=source,
        external_id__startswith="scaling ",
        started_at__range=(at - NEXT_STEP_WITHIN, at + OUT_OF_ORDER),
    )
    for change in near.select_for_update().order_by("-started_at", "-pk")[:5]:
        own = change.external_id.startswith(f"scaling {workload} ")
        patience = SAME_WITHIN if own else OUT_OF_ORDER
        if (own or _AUTOSCALER in change.external_id) and at <= _end(change) + patience:
            return change
    return None


def _end(change: Change) -> datetime:
    return change.finished_at or change.started_at
