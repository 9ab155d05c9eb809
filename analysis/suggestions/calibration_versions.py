"""Learns from the installation's own history how sure its suggestions are, version by version."""

from __future__ import annotations

from collections.abc import Hashable

from django.db import transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from analysis.models import Fingerprint, Fit
from analysis.similarity.calibration import VERSION, Calibration, calibrate
from analysis.similarity.simulation import HistoricIncident, SimulatedAnswer, simulate
from analysis.similarity.votes import CauseRecord, Link
from analysis.suggestions.documents import (
    cause_document,
    document_of,
    prefetch_postmortems,
    with_features,
)
from common.process_cache import ProcessCache
from incidents.models import Incident
from kb.models import Cause, CauseLink

LONGEST_HISTORY = 50_000
SECONDS_A_DAY = 86_400

# Saves 6.4 of 43.9 ms a request for words (5,000 incidents).
_calibrations: ProcessCache[int, Calibration | None] = ProcessCache("calibrations", 2)
# Saves 13.9 of 35.6 ms a request for words (5,000 incidents, 4,000 cause links).
_cause_records: ProcessCache[Hashable, dict[int, CauseRecord]] = ProcessCache(
    "records of causes", 1, max_age=60
)


def history() -> list[HistoricIncident]:
    """Past incidents with their links, in the order in which they began."""
    links: dict[int, list[Link]] = {}
    # A link to a superseded cause is one to the cause that replaced it.
    cause = Coalesce("cause__superseded_by_id", "cause_id")
    rows = CauseLink.objects.values_list("incident_id", cause, "role", "state")
    for row in rows.iterator():
        links.setdefault(row[0], []).append(Link(*row))
    newest = Incident.objects.order_by("-impact_started_at", "-pk")[:LONGEST_HISTORY]
    return [
        HistoricIncident(
            document_of(incident),
            links.get(incident.pk, ()),
            incident.impact_started_at.timestamp() / SECONDS_A_DAY,
        )
        for incident in reversed(prefetch_postmortems(with_features(newest)))
    ]


def simulated() -> list[SimulatedAnswer]:
    """What would be suggested for each past incident with a confirmed cause, were it new."""
    causes = Cause.objects.filter(superseded_by=None)
    return simulate(history(), {cause.pk: cause_document(cause) for cause in causes})


def cause_records(links_version: Hashable) -> dict[int, CauseRecord]:
    """How often people confirmed and rejected each cause, in incidents that all may see.

    Counted again when `links_version` changes, and every minute for incidents that became private.
    """
    return _cause_records.get(links_version, _count_decisions)


def _count_decisions() -> dict[int, CauseRecord]:
    rows = (
        CauseLink.objects.filter(incident__private=False)
        .order_by()
        .values_list("cause_id")
        .annotate(
            confirmed=Count("pk", filter=Q(state="confirmed")),
            rejected=Count("pk", filter=Q(state="rejected")),
        )
    )
    return {cause: CauseRecord(confirmed, rejected) for cause, confirmed, rejected in rows}


def _labels() -> str:
    counts = CauseLink.objects.aggregate(
        count=Count("pk", filter=Q(state="confirmed")), last=Max("updated_at")
    )
    with_telemetry = Fingerprint.objects.exclude(templates={}, metrics={}).count()
    return (
        f"version {VERSION}, {counts['count']} confirmed links, "
        f"last {counts['last'] and counts['last'].isoformat()}, "
        f"{with_telemetry} incidents with telemetry"
    )


def learn(anyway: bool = False) -> Fit | None:
    """Fit on today's history and activate the result; None when nothing was decided since."""
    labels = _labels()
    if not anyway and Fit.objects.filter(labels=labels).exists():
        return None
    calibration = calibrate(simulated())
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


def calibration(version: int | None) -> Calibration | None:
    """What a version learnt; None when history was too small to learn from."""
    return None if version is None else _calibrations.get(version, lambda: _read(version))


def _read(version: int) -> Calibration | None:
    data = Fit.objects.get(pk=version).data
    return Calibration.from_data(data) if data else None
