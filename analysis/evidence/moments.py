"""From when on, and until when, evidence may be of the fault."""

from __future__ import annotations

from analysis.models import Evidence
from incidents.models import Incident

LEAD = 900.0
"""Seconds before the impact: faults are often logged and traced before users are affected."""
MIN_FAULT = 300.0
"""Seconds that a fault lasts at least, whenever it was said to be mitigated."""


def suspicious_since(evidence: Evidence) -> float:
    """Epoch seconds; before it is the normal time, which is at least half of that before impact."""
    impact = evidence.incident.impact_started_at.timestamp()
    start = evidence.window_start.timestamp()
    return max(start + (impact - start) / 2, impact - LEAD)


def fault_end(incident: Incident) -> float:
    """Epoch seconds of the mitigation or resolution; infinite before it.

    What comes later is the recovery, which would dilute rates and means of the fault. No less than
    five minutes of the fault are left.
    """
    ended = incident.mitigated_at or incident.resolved_at
    if ended is None:
        return float("inf")
    return max(ended.timestamp(), incident.impact_started_at.timestamp() + MIN_FAULT)
