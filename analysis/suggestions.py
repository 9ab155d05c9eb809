"""Suggestions for an incident or a piece of text: past causes, past incidents, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from analysis.library import document_of, incident_document, library
from analysis.models import Finding
from analysis.similarity.index import Overlap
from analysis.similarity.weights import is_plain
from analysis.similarity.text import surface_words
from analysis.similarity.weights import Document
from analysis.similarity.votes import ALIKE, Ballot, Link, vote
from incidents.filing import services_named_in
from incidents.models import Incident, Service
from incidents.permissions import hidden_incident_ids
from kb.models import Cause, CauseLink
from kb.permissions import visible_causes, visible_links

ASKED = 60
"""Alike documents that may vote."""


@dataclass(frozen=True)
class Reason:
    """Why two incidents are alike: what they share, and its share of the likeness (0 to 1)."""

    kind: str
    text: str
    weight: float


@dataclass
class AlikeIncident:
    incident: Incident
    likeness: float
    reasons: list[Reason] = field(default_factory=list)
    duplicate: bool = False
    """Open, and alike enough that it may be the very same incident."""


@dataclass
class SuggestedCause:
    cause: Cause
    score: float
    likeness: float
    incidents: list[AlikeIncident]
    reasons: list[Reason]
    fixed_last_time: str
    fixed_in: Incident | None
    link: CauseLink | None = None
    """The link this incident already has to the cause, if any."""


@dataclass
class Suggestions:
    """Ranked causes and incidents; `history` tells how many past incidents were compared."""

    causes: list[SuggestedCause]
    incidents: list[AlikeIncident]
    history: int

    @property
    def nothing_alike(self) -> bool:
        return not self.causes and not self.incidents


def suggest_for_incident(incident: Incident, user: Any, limit: int = 5) -> Suggestions:
    """What history holds that is like `incident`, of what `user` may see."""
    return _suggest(document_of(incident), user, limit, incident)


def suggest_for_text(
    title: str, user: Any, symptom: str = "", services: Iterable[Service] = (), limit: int = 5
) -> Suggestions:
    """The same for words that are not an incident yet."""
    named = services_named_in(f"{title}\n{symptom}")
    names = {service.name for service in [*services, *named]}
    document = incident_document(title=title, symptom=symptom, services=names)
    return _suggest(document, user, limit)


def _suggest(
    document: Document, user: Any, limit: int, incident: Incident | None = None
) -> Suggestions:
    exclude = hidden_incident_ids(user)
    if incident is not None:
        exclude.add(incident.pk)
    hits = [hit for hit in library.search(document, ASKED, exclude) if hit.likeness >= ALIKE]
    likeness = {hit.key: hit.likeness for hit in hits}
    alike = {key: value for key, value in likeness.items() if key > 0}
    named = {-key: value for key, value in likeness.items() if key < 0}
    links = visible_links(user).filter(incident_id__in=alike)
    ballots = vote(
        alike,
        named,
        [Link(*row) for row in links.values_list("incident_id", "cause_id", "role", "state")],
    )
    reasons = _Reasons(document)
    found = {
        row.pk: row for row in Incident.objects.filter(pk__in=alike).prefetch_related("services")
    }
    own_links = {link.cause_id: link for link in incident.cause_links.all()} if incident else {}
    ballots = [
        ballot
        for ballot in ballots
        if ballot.cause not in own_links or own_links[ballot.cause].state != "rejected"
    ]
    causes = visible_causes(user).in_bulk([ballot.cause for ballot in ballots[: limit * 2]])
    suggested = [
        _suggested(ballot, causes[ballot.cause], alike, found, reasons, own_links)
        for ballot in ballots
        if ballot.cause in causes
    ]
    best = [key for key in sorted(alike, key=lambda key: -alike[key]) if key in found][:limit]
    return Suggestions(
        suggested[:limit],
        [_alike(found[key], alike[key], reasons) for key in best],
        max(0, len(library) - (1 if incident else 0)),
    )


def _alike(incident: Incident, likeness: float, reasons: _Reasons) -> AlikeIncident:
    duplicate = incident.is_open and likeness > 0.45
    return AlikeIncident(incident, likeness, reasons.of(incident.pk), duplicate)


def _suggested(
    ballot: Ballot,
    cause: Cause,
    alike: dict[int, float],
    found: dict[int, Incident],
    reasons: _Reasons,
    own_links: dict[int, CauseLink],
) -> SuggestedCause:
    behind = [found[key] for key in ballot.incidents if key in found]
    fixed_in = next((past for past in behind if past.resolution), None)
    return SuggestedCause(
        cause=cause,
        score=ballot.score,
        likeness=ballot.likeness,
        incidents=[_alike(past, alike[past.pk], reasons) for past in behind[:3]],
        reasons=reasons.of(behind[0].pk if behind else -cause.pk),
        fixed_last_time=fixed_in.resolution if fixed_in else "",
        fixed_in=fixed_in,
        link=own_links.get(cause.pk),
    )


class _Reasons:
    """Puts the overlap between the asked document and a found one into words, once for each."""

    def __init__(self, document: Document, keys: Iterable[int]) -> None:
        words = surface_words(" \n ".join(document.text.values()))
        overlaps = library.explain(document, list(keys))
        self._known = {key: self._in_words(words, found) for key, found in overlaps.items()}

    def of(self, key: int) -> list[Reason]:
        return self._known.get(key, [])

    def _in_words(self, words: dict[str, str], overlaps: list[Overlap]) -> list[Reason]:
        total = sum(overlap.score for overlap in overlaps) or 1.0
        reasons = []
        for overlap in overlaps:
            kind, _, value = overlap.term.partition(":")
            if is_plain(overlap.term):
                kind, value = "word", words.get(overlap.term, overlap.term)
            reasons.append(Reason(kind, _in_words(kind, value), overlap.score / total))
        return reasons


def _in_words(kind: str, value: str) -> str:
    if kind == "template":
        finding = Finding.objects.filter(term=value).order_by("-pk").first()
        return f"same log line: {finding.data['template'][:120]}" if finding else "same log line"
    return {
        "service": f"same service {value}",
        "alert": f"same alert {value}",
        "metric": f"same metric off: {value}",
        "word": value,
    }[kind]
