"""Metrics of how long incidents wait, from their opening, for what investigators need."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from common.counting import Durations
from incidents.models import Incident

SECONDS = (1, 2.5, 5, 10, 15, 30, 60, 300, 1800)


class SinceOpening(Durations):
    """Seconds from the opening of incidents until something was there."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, description, [], SECONDS)

    def observe_at(self, incident: Incident, at: datetime) -> None:
        """Count `incident`, for which it was there at `at`, once the transaction commits."""
        waited = (at - incident.created_at).total_seconds()
        transaction.on_commit(partial(self.observe, waited))
