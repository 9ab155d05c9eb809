"""Learns from the installation's own history how sure its suggestions are, version by version."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q

from analysis.models import Fingerprint, Fit
from analysis.similarity.calibration import Calibration, calibrate
from analysis.similarity.replay import Answer, Past, replay
from analysis.similarity.votes import Link, Record
from analysis.suggestions.documents import (
    cause_document,
    document_of,
    prefetch_telling,
    with_features,
)
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
        for incident in reversed(prefetch_telling(with_features(newest)))
    ]


def replayed() -> list[Answer]:
    """What would have been answered to each past incident with a confirmed cause."""
    causes = {cause.pk: cause_document(cause) for cause in Cause.objects.all()}
    return replay(history(), causes)


COUNTED_FOR = 60.0
"""Seconds after which what was counted is counted anew, whatever happened."""


@dataclass
class _Counted:
    state: Any = None
    at: float = 0.0
    records: dict[int, Record] = field(default_factory=dict)


_counted = _Counted()


def records(state: Hashable) -> dict[int, Record]:
    """How often people confirmed and rejected each cause, in incidents that all may see.

    Kept in the process: counted anew when `state`, which tells of links written and taken away, is
    another than before, and every minute for incidents that became private.
    """
    now = time.monotonic()
    if _counted.state != state or now - _counted.at > COUNTED_FOR:
        rows = (
            CauseLink.objects.filter(incident__private=False)
            .order_by()
            .values_list("cause_id")
            .annotate(
                confirmed=Count("pk", filter=Q(state="confirmed")),
                rejected=Count("pk", filter=Q(state="rejected")),
            )
        )
        _counted.records = {cause: Record(yes, no) for cause, yes, no in rows}
        _counted.state, _counted.at = state, now
    return _counted.records


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


def active_fit() -> int | None:
    return Fit.objects.filter(active=True).values_list("pk", flat=True).first()


def calibration(active: int | None) -> Calibration | None:
    """What the version `active` learnt; None when history was too small to learn from."""
    if active is None:
        return None
    if active not in _known:
        data = Fit.objects.get(pk=active).data
        _known.clear()
        _known[active] = Calibration.of_data(data) if data else None
    return _known[active]
