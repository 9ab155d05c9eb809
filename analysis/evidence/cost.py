"""What pulling for one incident costs each source, and the bound on it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from analysis.models import EvidenceRequest, Source
from analysis.sources.base import MAX_MEGABYTES_OF_INCIDENT, MAX_PULLS_OF_INCIDENT
from common.leased_jobs import PENDING
from incidents.models import Incident

RESERVED = 0.1
"""The share that the timer leaves for the mitigation, the resolution and pulls by hand."""
MEGABYTE = 1024**2


@dataclass(frozen=True)
class Cost:
    """Pulls and bytes (of answers, uncompressed) that one incident has cost a source so far."""

    source: Source
    pulls: int
    pulled_bytes: int

    @property
    def max_pulls(self) -> int:
        return int(self.source.settings.get("pulls_per_incident") or MAX_PULLS_OF_INCIDENT)

    @property
    def max_bytes(self) -> int:
        megabytes = self.source.settings.get("megabytes_per_incident") or MAX_MEGABYTES_OF_INCIDENT
        return int(megabytes) * MEGABYTE

    def pulls_left(self, reserve: bool) -> int:
        """How many pulls are left; with `reserve`, without those that are reserved."""
        share = 1 - RESERVED if reserve else 1.0
        if self.pulled_bytes >= share * self.max_bytes:
            return 0
        return max(0, int(share * self.max_pulls) - self.pulls)

    @property
    def timer_stopped(self) -> bool:
        return self.pulls_left(reserve=True) == 0


def costs(incident: Incident) -> dict[int, Cost]:
    """By source id: the cost of an incident. Pulls under way count."""
    totals = (
        EvidenceRequest.objects.filter(incident=incident)
        .order_by()
        .values("source")
        .annotate(
            pulls_done=Sum("pulls"),
            under_way=Count("pk", filter=Q(state__in=PENDING)),
            size=Sum("pulled_bytes"),
        )
    )
    by_source = {row["source"]: row for row in totals}
    return {
        source.pk: Cost(
            source,
            by_source[source.pk]["pulls_done"] + by_source[source.pk]["under_way"],
            by_source[source.pk]["size"],
        )
        for source in Source.objects.filter(pk__in=by_source)
    }
