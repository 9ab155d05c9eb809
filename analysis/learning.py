"""Learns from the installation's own history how sure its suggestions are, version by version."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from analysis.library import cause_document, document_of, with_features
from analysis.models import Fingerprint, Fit
from analysis.similarity.calibration import Calibration, calibrate
from analysis.similarity.replay import Answer, Past, replay
from analysis.similarity.votes import Link, Record
from incidents.models import Incident
from kb.models import Cause, CauseLink

LONGEST_HISTORY = 50_000
SECONDS_A_DAY = 86_400
_known: dict[int, Calibration | None] = {}


def history() -> list[Past]:
    """Past incidents with their links, in the order in which they began."""
    links: dict[int, list[Link]] = {}
    rows = CauseLink.objects.values_list("incident_id", "cause_id", "role", "state")
    for row in rows.iterator():
        links.setdefault(row[0], []).append(Link(*row))
    newest = Incident.objects.order_by("-impact_started_at", "-pk")[:LONGEST_HISTORY]
    return [
        Past(
            document_of(incident),
            links.get(incident.pk, ()),
            incident.impact_started_at.timestamp() / SECONDS_A_DAY,
        )
        for incident in reversed(with_features(newest))
    ]


def replayed() -> list[Answer]:
    """What would have been answered to each past incident with a confirmed cause."""
    causes = {cause.pk: cause_document(cause) for cause in Cause.objects.all()}
    return replay(history(), causes)


FEW = 5_000
"""Hidden incidents up to which counts are kept; the causes asked for are counted beyond."""
COUNTED_FOR = 5.0


@dataclass
class _Counted:
    """How often each cause was confirmed and rejected, by what is hidden from the asker."""

    state: Any = None
    at: float = 0.0
    by_hidden: dict[frozenset[int], dict[int, Record]] = field(default_factory=dict)


_counted = _Counted()


def records(causes: Collection[int], hidden: Collection[int]) -> dict[int, Record]:
    """How often people confirmed and rejected these causes, but for `hidden` incidents."""
    if len(hidden) > FEW:
        links = CauseLink.objects.filter(cause_id__in=causes)
        return _count(links.exclude(incident_id__in=hidden))
    every = _seen_records(frozenset(hidden))
    return {cause: every[cause] for cause in causes if cause in every}


def _count(links: QuerySet[CauseLink]) -> dict[int, Record]:
    rows = (
        links.order_by()
        .values_list("cause_id")
        .annotate(
            confirmed=Count("pk", filter=Q(state="confirmed")),
            rejected=Count("pk", filter=Q(state="rejected")),
        )
    )
    return {cause: Record(confirmed, rejected) for cause, confirmed, rejected in rows}


def _seen_records(hidden: frozenset[int]) -> dict[int, Record]:
    """Counted anew when a link was written, and every few seconds for those taken away."""
    newest = CauseLink.objects.order_by("-updated_at", "-pk").values_list("updated_at", "pk")
    state, now = newest.first(), time.monotonic()
    if _counted.state != state or now - _counted.at > COUNTED_FOR:
        _counted.state, _counted.at, _counted.by_hidden = state, now, {}
    found = _counted.by_hidden.get(hidden)
    if found is None:
        found = _count(CauseLink.objects.exclude(incident_id__in=hidden))
        _counted.by_hidden[hidden] = found
    return found


def _labels() -> str:
    told = CauseLink.objects.aggregate(
        count=Count("pk", filter=Q(state="confirmed")), last=Max("updated_at")
    )
    telling = Fingerprint.objects.exclude(templates={}, metrics={}).count()
    return (
        f"{told['count']} confirmed links, last {told['last'] and told['last'].isoformat()}, "
        f"{telling} incidents with telemetry"
    )


def learn(anyway: bool = False) -> Fit | None:
    """Fit on today's history and use it from now on; None when nothing new is known since."""
    labels = _labels()
    if not anyway and Fit.objects.filter(labels=labels).exists():
        return None
    calibration = calibrate(replayed())
    with transaction.atomic():
        Fit.objects.filter(active=True).update(active=False)
        return Fit.objects.create(
            data=calibration.as_data() if calibration else None, labels=labels, active=True
        )


@transaction.atomic
def roll_back() -> Fit | None:
    """Return to the version before the active one; None when there is none before."""
    active = Fit.objects.select_for_update().filter(active=True).first()
    older = Fit.objects.filter(pk__lt=active.pk).first() if active else None
    if active is None or older is None:
        return None
    active.active, older.active = False, True
    active.save()
    older.save()
    return older


def calibration() -> Calibration | None:
    """The active version; None when history is too small to learn from."""
    active = Fit.objects.filter(active=True).values_list("pk", flat=True).first()
    if active is None:
        return None
    if active not in _known:
        data = Fit.objects.get(pk=active).data
        _known.clear()
        _known[active] = Calibration.of_data(data) if data else None
    return _known[active]
