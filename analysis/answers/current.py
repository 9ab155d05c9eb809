"""The answer to an incident from suggestions, checks and recent changes, for all to read."""

from __future__ import annotations

import re

from analysis.core.units import quantity
from analysis.models import EvidenceRequest
from analysis.suggestions.engine import suggest_for_incident
from analysis.suggestions.types import SuggestedCause, Suggestions
from common.leased_jobs import PENDING
from common.viewer import Nobody
from incidents.models import Incident
from incidents.suspect_changes import candidate_changes
from kb.answers import Answer, Kind
from kb.models import Cause, CauseLink

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s")
_MARKS = re.compile(r"^\s*(?:[-*+>]|#{1,6}|\d{1,3}[.)])\s+|\*\*|`")
"""Marks of lists, headings and emphasis: a message is plain text."""


def find_answer(incident: Incident) -> Answer:
    """What everybody may see of what history holds. Evidence that is there counts; none need be.

    Costs one search of the index, milliseconds: nothing is waited for.
    """
    confirmed = _confirmed(incident)
    if confirmed is not None:
        return confirmed
    found = suggest_for_incident(incident, Nobody(), limit=1)
    pending = EvidenceRequest.objects.filter(incident=incident, state__in=PENDING).exists()
    if found.causes:
        first = found.causes[0]
        return Answer(
            Kind.NEW if found.nothing_alike else Kind.LIKELY,
            cause=first.cause,
            # A weak hint has no figure: how sure it is was learnt from answers, not from hints.
            confidence=None if found.nothing_alike else first.confidence,
            shares=[reason.text for reason in first.reasons],
            seen_in=[alike.incident for alike in first.incidents],
            fixed_last_time="" if found.nothing_alike else first.fixed_last_time,
            fixed_in=first.fixed_in,
            how_to_fix=first_sentence(first.cause.how_to_fix),
            check_first=_first_check(incident, None if found.nothing_alike else first),
            history=found.history,
            vague=found.vague,
            evidence_pending=pending,
        )
    return Answer(
        _kind_without_cause(found),
        seen_in=[alike.incident for alike in found.incidents],
        check_first=_first_check(incident, None),
        history=found.history,
        vague=found.vague,
        evidence_pending=pending,
    )


def _kind_without_cause(found: Suggestions) -> str:
    if not found.history:
        return Kind.NO_HISTORY
    return Kind.NEW if found.nothing_alike or not found.incidents else Kind.UNEXPLAINED


def _confirmed(incident: Incident) -> Answer | None:
    """What people have decided outweighs what history suggests."""
    links = incident.cause_links.filter(state=CauseLink.State.CONFIRMED)
    # The root of a chain is what the others followed from.
    link = links.filter(role=CauseLink.Role.ROOT).first() or links.first()
    if link is None:
        return None
    by = link.author.get_username() if link.author else ""
    return Answer(
        Kind.CONFIRMED,
        cause=link.cause,
        confirmed_by=by,
        how_to_fix=first_sentence(link.cause.how_to_fix),
    )


def _first_check(incident: Incident, first: SuggestedCause | None) -> str:
    """The first thing to check: a saved check of the cause with its outcome, what tells the cause,
    or what changed just before."""
    if first is not None:
        sign = _saved_check(incident, first.cause) or first_sentence(first.cause.how_to_tell)
        if sign:
            return sign
    for candidate in candidate_changes(incident, limit=3):
        minutes = candidate.before.total_seconds() / 60
        if minutes >= 0:
            change = candidate.change
            what = f"{change.get_kind_display().lower()} of {change.service}: {change.title}"
            return f"{what}, {minutes:.0f} min before"
    return ""


def _saved_check(incident: Incident, cause: Cause) -> str:
    check = cause.checks.first()
    if check is None:
        return ""
    run = incident.check_runs.filter(check_asked=check).first()
    outcome = ""
    if run is not None and run.holds is not None:
        found = quantity(run.value or 0.0, "")
        outcome = f", which {'holds' if run.holds else 'does not hold'} now ({found})"
    return f"{check.name}, {check.condition}{outcome}"


def first_sentence(text: str) -> str:
    """The first sentence of Markdown as plain text.

    >>> first_sentence("- `vacuum` waits. Then more.")
    'vacuum waits.'
    >>> first_sentence("5xx from *one* pod only")
    '5xx from *one* pod only'
    """
    for line in text.splitlines():
        plain = _MARKS.sub("", line).strip()
        if plain:
            return _END_OF_SENTENCE.split(plain, maxsplit=1)[0]
    return ""
