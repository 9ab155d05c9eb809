"""Suggestions as plain data. The same that their serializers tell, which describe it in the schema.

Written out by hand: nested serializers took longer over an answer than finding it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from rest_framework.serializers import DateTimeField

from analysis.suggestions.engine import AlikeIncident, SuggestedCause, Suggestions
from analysis.suggestions.explanations import Reason
from incidents.suspect_changes import CandidateChange

_at = DateTimeField().to_representation


def told_suggestions(found: Suggestions) -> dict[str, Any]:
    behind = (alike for cause in found.causes for alike in cause.incidents)
    every = {alike.incident.pk: alike for alike in chain(found.incidents, behind)}
    incidents = {key: _alike(alike) for key, alike in every.items()}
    return {
        "nothing_alike": found.nothing_alike,
        "history": found.history,
        "causes": [_cause(cause, incidents) for cause in found.causes],
        "incidents": [incidents[alike.incident.pk] for alike in found.incidents],
    }


def _cause(suggested: SuggestedCause, incidents: dict[int, dict[str, Any]]) -> dict[str, Any]:
    cause, track = suggested.cause, suggested.track
    return {
        "id": cause.pk,
        "name": cause.name,
        "category": cause.category_id,
        "url": cause.get_absolute_url(),
        "score": suggested.score,
        "likeness": suggested.likeness,
        "confidence": suggested.confidence,
        "track": {"right": track.right, "total": track.total} if track else None,
        "how_to_fix": cause.how_to_fix,
        "fixed_last_time": suggested.fixed_last_time,
        "reasons": _reasons(suggested.reasons),
        "only_now": _reasons(suggested.only_now),
        "only_then": _reasons(suggested.only_then),
        "change": _change(suggested.change) if suggested.change else None,
        "incidents": [incidents[alike.incident.pk] for alike in suggested.incidents],
    }


def _alike(alike: AlikeIncident) -> dict[str, Any]:
    incident = alike.incident
    return {
        "id": incident.pk,
        "reference": incident.reference,
        "title": incident.title,
        "url": incident.get_absolute_url(),
        "impact_started_at": _at(incident.impact_started_at),
        "resolution": incident.resolution,
        "likeness": alike.likeness,
        "possible_duplicate": alike.duplicate,
        "reasons": _reasons(alike.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [
        {"kind": reason.kind, "text": reason.text, "weight": reason.weight} for reason in reasons
    ]


def _change(candidate: CandidateChange) -> dict[str, Any]:
    change = candidate.change
    return {
        "id": change.pk,
        "service": change.service.name,
        "kind": change.kind,
        "title": change.title,
        "outcome": change.outcome,
        "minutes_before": round(candidate.before.total_seconds() / 60, 1),
    }
