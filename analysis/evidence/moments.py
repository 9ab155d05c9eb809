"""From when on evidence may be of the fault."""

from __future__ import annotations

from analysis.models import Evidence

LEAD = 900.0
"""Seconds before the impact: faults are often logged and traced before users are affected."""


def suspicious_since(evidence: Evidence) -> float:
    """Epoch seconds; before it is the normal time, which is at least half of that before impact."""
    impact = evidence.incident.impact_started_at.timestamp()
    start = evidence.window_start.timestamp()
    return max(start + (impact - start) / 2, impact - LEAD)
