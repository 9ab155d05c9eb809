"""When an incident's evidence was last pulled, when it will be, and what that costs its sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from analysis.evidence.cost import Cost, costs
from analysis.models import Finding, FollowUp
from incidents.models import Incident


@dataclass(frozen=True)
class EvidenceAge:
    """Of an incident: `last_at` is empty until its evidence was pulled again for the first time."""

    last_at: datetime | None
    reason: str
    next_at: datetime | None
    costs: list[Cost]

    def is_newest(self, finding: Finding) -> bool:
        """Whether the last pull found it, and none before."""
        return self.last_at is not None and finding.found_at >= self.last_at


def evidence_age(incident: Incident) -> EvidenceAge:
    """Three queries."""
    row = FollowUp.objects.filter(incident=incident).first() or FollowUp()
    by_name = sorted(costs(incident).values(), key=lambda cost: cost.source.name)
    return EvidenceAge(row.last_at, row.reason, row.due_at, by_name)
