"""The regression guard: a new incident that looks like a cause held to be fixed."""

from __future__ import annotations

from analysis.suggestions.engine import SAME, SuggestedCause, Suggestions
from incidents.models import Incident
from kb.causes import fixes, linking
from kb.models import CauseLink, Fix

SURE = 0.6
"""Calibrated confidence from which the guard speaks; likeness SAME while nothing is calibrated."""


def guard(incident: Incident, found: Suggestions) -> Fix | None:
    """Reopen the cause that comes first, if it is held to be fixed and confidence is enough."""
    if not found.causes or found.nothing_alike:
        return None
    first = found.causes[0]
    if first.link is not None or fixes.current_fix(first.cause) is None or not _is_sure(first):
        return None
    fix = fixes.record_return(first.cause, incident, _why(first))
    if fix is not None:
        linking.link_cause(
            incident, first.cause, state=CauseLink.State.SUSPECTED, reason=_why(first)
        )
    return fix


def _is_sure(first: SuggestedCause) -> bool:
    if first.confidence is None:
        return first.likeness >= SAME
    return first.confidence >= SURE


def _why(first: SuggestedCause) -> str:
    behind = ", ".join(
        alike.incident.reference for alike in first.incidents if not alike.incident.private
    )
    how = f"{first.confidence:.0%} sure" if first.confidence is not None else "much alike"
    return f"Suggested first ({how}){f', as in {behind}' if behind else ''}."
