"""Which open incidents may have another answer than the one that was stated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from time import monotonic

from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from analysis.models import EvidenceRequest
from common.leased_jobs import PENDING
from incidents.models import Event, Incident
from kb.answers import state_answer

SETTLE = timedelta(minutes=1)
"""While evidence is being pulled an answer may go to and fro: it is found at most this often."""
MARGIN = timedelta(seconds=5)
"""A change is written with the time at which its transaction began, and seen when that ends."""
BATCH = 200


def follow_answers(seconds: float = 8.0) -> int:
    """State the answers of open incidents anew where something changed; returns how many."""
    deadline, stated = monotonic() + seconds, 0
    for incident in incidents_to_follow():
        if monotonic() > deadline:
            break
        state_answer(incident)
        stated += 1
    return stated


def incidents_to_follow() -> Iterable[Incident]:
    """Open incidents, filed live, that changed since their answer was stated; longest ago first.

    One query, whatever their number; nothing is computed for incidents at rest.
    """
    of_incident = {"incident": OuterRef("pk")}
    filed = Event.objects.filter(**of_incident, kind="incident.filed")
    pending = EvidenceRequest.objects.filter(**of_incident, state__in=PENDING)
    changed = Greatest(
        "updated_at",
        "fingerprint__updated_at",
        Max("cause_links__updated_at"),
        Max("check_runs__finished_at"),
    )
    rows = (
        Incident.objects.exclude(status=Incident.Status.RESOLVED)
        .filter(Exists(filed), private=False, merged_into=None)
        .annotate(changed=changed, pulling=Exists(pending))
    )
    stated_at = "stated_answer__computed_at"
    unstated = Q(**{f"{stated_at}__isnull": True})
    settled = Q(pulling=False) | Q(**{f"{stated_at}__lt": timezone.now() - SETTLE})
    due = Q(changed__gt=F(stated_at) - MARGIN) & settled
    return rows.filter(unstated | due).order_by(F(stated_at).asc(nulls_first=True))[:BATCH]
