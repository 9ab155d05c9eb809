"""When an incident's evidence was last pulled, when it will be, and what that costs its sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from analysis.evidence.cost import Cost, costs
from analysis.models import Finding, FollowUp
from incidents.models import Incident

NEW_FOR = timedelta(minutes=10)
"""Pulls may follow each other quickly: what was found is marked for so long at least."""


@dataclass(frozen=True)
class EvidenceAge:
    """Of an incident: `first_at` and `last_at` are empty until its evidence was pulled again."""

    first_at: datetime | None
    last_at: datetime | None
    reason: str
    next_at: datetime | None
    costs: list[Cost]

    def is_newest(self, finding: Finding) -> bool:
        """Whether the last pull found it, or one of the last minutes, and not the very first."""
        if self.first_at is None or self.last_at is None:
            return False
        since = min(self.last_at, timezone.now() - NEW_FOR)
        return finding.found_at >= max(self.first_at, since)


def evidence_age(incident: Incident) -> EvidenceAge:
    """Three queries."""
    row = FollowUp.objects.filter(incident=incident).first() or FollowUp()
    by_name = sorted(costs(incident).values(), key=lambda cost: cost.source.name)
    return EvidenceAge(row.first_at, row.last_at, row.reason, row.due_at, by_name)
