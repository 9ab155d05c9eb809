"""Which part of history a search covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.models import Service
from incidents.permissions import visible_incidents
from kb.models import CauseLink


@dataclass(frozen=True)
class Scope:
    """Which part of history to search: all of these must hold for a past incident."""

    services: Sequence[Service] = ()
    team: str = ""
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return not (self.services or self.team or self.since)

    def keys(self, user: Any) -> set[int] | None:
        """Index keys that may match, causes included; None for all of them."""
        if self.is_everything:
            return None
        incidents = visible_incidents(user)
        if self.services:
            incidents = incidents.filter(services__in=self.services)
        if self.team:
            incidents = incidents.filter(services__owner__name=self.team)
        if self.since:
            incidents = incidents.filter(impact_started_at__gte=self.since)
        found = set(incidents.values_list("pk", flat=True))
        causes = CauseLink.objects.filter(incident__in=found).values_list("cause_id", flat=True)
        return found | {-cause for cause in causes}


EVERYTHING = Scope()
