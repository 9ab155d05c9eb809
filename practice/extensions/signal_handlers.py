"""What follows in `practice` from events of `incidents`; connected in `apps.py`."""

from __future__ import annotations

from typing import Any

from incidents.models import Incident
from practice.readiness.reviews import find_gaps


def find_gaps_of(incident: Incident, **_: Any) -> None:
    """What a resolved incident showed to be missing becomes readiness findings of its services."""
    find_gaps(incident)
