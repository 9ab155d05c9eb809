"""What changed just before an incident: changes of its services and their dependencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from incidents.catalogue.dependencies import direct_dependencies
from incidents.models import Change, Incident

LOOK_BACK = timedelta(hours=6)
LOOK_AHEAD = timedelta(minutes=15)
HALF_LIFE = timedelta(minutes=45)
"""A change this much earlier is half as suspicious."""
DEPENDENCY_FACTOR, AFTERWARDS_FACTOR = 0.6, 0.3
FAILED_FACTOR = 1.5
"""A change that failed or was rolled back is more suspicious than a successful one."""
SHARED_WORDS_FACTOR = 1.5
"""So is a change whose words are in the text of the incident."""
_WORD = re.compile(r"[a-z][a-z_-]{3,}")


@dataclass(frozen=True)
class CandidateChange:
    change: Change
    before: timedelta
    """How long before the impact it started; negative when it was later."""
    own: bool
    """Whether it changed a service of the incident, not a dependency."""
    nearness: float
    named: tuple[str, ...] = ()
    """Words of the change, without the name of its service, that are in the incident's text."""


def candidate_changes(incident: Incident, limit: int = 10) -> list[CandidateChange]:
    """Changes near the start of the impact, most suspicious first."""
    affected = list(incident.services.all())
    services = {service.pk for service in affected}
    if not services:
        return []
    below = set(direct_dependencies(affected).values_list("pk", flat=True))
    start = incident.impact_started_at
    changes = (
        Change.objects.counting()
        .filter(
            service_id__in=services | below,
            started_at__gte=start - LOOK_BACK,
            started_at__lte=start + LOOK_AHEAD,
        )
        .select_related("service")
    )
    incident_words = _words(f"{incident.title} {incident.symptom}")
    candidates = []
    for change in changes:
        before = start - change.started_at
        own = change.service_id in services
        nearness = 0.5 ** (abs(before) / HALF_LIFE) * (1.0 if own else DEPENDENCY_FACTOR)
        if before < timedelta(0):
            nearness *= AFTERWARDS_FACTOR
        if change.outcome in (Change.Outcome.FAILED, Change.Outcome.ROLLED_BACK):
            nearness *= FAILED_FACTOR
        touched = _words(change.title) - _words(change.service.name)
        named = tuple(sorted(touched & incident_words))
        if named:
            nearness *= SHARED_WORDS_FACTOR
        candidates.append(CandidateChange(change, before, own, nearness, named))
    candidates.sort(key=lambda candidate: (-candidate.nearness, candidate.change.pk))
    return candidates[:limit]


def changes_that_do_not_count(incident: Incident, limit: int = 10) -> list[Change]:
    """What was reported of the incident's services at that time, but is not production."""
    start = incident.impact_started_at
    changes = Change.objects.filter(
        counts=False,
        service__in=incident.services.all(),
        started_at__gte=start - LOOK_BACK,
        started_at__lte=start + LOOK_AHEAD,
    )
    return list(changes.select_related("service")[:limit])


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
