"""The regression guard: a new incident that looks like a cause that counts as fixed."""

from __future__ import annotations

from analysis.similarity.thresholds import THRESHOLDS
from analysis.suggestions.types import SuggestedCause, Suggestions
from incidents.models import Incident
from kb.causes import fixes, linking
from kb.models import CauseLink, Fix


def reopen_returned_cause(incident: Incident, suggestions: Suggestions) -> Fix | None:
    """Reopen the first suggested cause, if it counts as fixed and confidence is high enough."""
    if not suggestions.causes or suggestions.nothing_alike:
        return None
    first = suggestions.causes[0]
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
        return first.likeness >= THRESHOLDS.duplicate_above
    return first.confidence >= THRESHOLDS.regression_from


def _why(first: SuggestedCause) -> str:
    behind = ", ".join(
        alike.incident.reference for alike in first.incidents if not alike.incident.private
    )
    how = f"{first.confidence:.0%} sure" if first.confidence is not None else "much alike"
    return f"Suggested first ({how}){f', as in {behind}' if behind else ''}."
