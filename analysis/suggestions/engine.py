"""Suggestions for an incident or a piece of text: past causes, past incidents, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from analysis.evidence.checks import factors
from analysis.similarity.calibration import UNTAUGHT_BAR, Bin, Calibration, is_new_untaught
from analysis.similarity.explaining import Query
from analysis.similarity.index import Hit
from analysis.similarity.replay import ASKED
from analysis.similarity.votes import ALIKE, Ballot, vote, weighed
from analysis.similarity.weights import Document
from analysis.suggestions.calibration_versions import calibration, records
from analysis.suggestions.change_feed import State
from analysis.suggestions.documents import (
    cause_document,
    document_of,
    incident_document,
    prefetch_telling,
    with_features,
)
from analysis.suggestions.explanations import Reason, Reasons
from analysis.suggestions.live_index import library
from analysis.suggestions.record_cache import Past
from incidents.filing import names_in
from incidents.models import Incident, Service
from incidents.permissions import (
    hidden_incident_ids,
    only_team,
    visible_incidents,
)
from incidents.suspect_changes import CandidateChange, candidate_changes
from kb.models import Cause, CauseLink
from kb.permissions import visible_causes

UNLIKELY = 0.03
"""Further suggestions less sure than this only cost the reader time."""
LISTED = 0.12
"""Likeness from which a past incident is worth a line."""
SAME = 0.45
"""Likeness from which an open incident may be the very same."""
BEHIND = 3
"""Past incidents that are named behind a cause."""
KINDS_OF_CHANGE = {
    "deploy": {"deploy", "migration", "flag"},
    "code": {"deploy", "flag"},
    "config": {"config", "flag"},
    "data": {"migration"},
    "capacity": {"scaling"},
}
"""Which changes speak for a cause of a category."""


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
    only_now: list[Reason]
    """what this incident shows and the most alike one behind the cause did not"""
    only_then: list[Reason]
    fixed_last_time: str
    fixed_in: Incident | None
    confidence: float | None = None
    """calibrated probability that it is right; None while history is too small to know"""
    track: Bin | None = None
    """how answers of about this confidence fared"""
    change: CandidateChange | None = None
    """A change of the kind that brings this cause, made just before."""
    link: CauseLink | None = None
    """The link this incident already has to the cause, if any."""


@dataclass
class Suggestions:
    """Ranked causes and incidents; `history` tells how many past records were compared."""

    causes: list[SuggestedCause]
    incidents: list[AlikeIncident]
    history: int
    nothing_alike: bool
    """history holds nothing alike: whatever is listed is merely the nearest"""
    calibrated: bool
    """whether history is large enough to know how sure suggestions are"""
    for_all: bool = False
    """whether anybody would have got this answer: nothing private was found on the way"""
    labelled: int = 0
    """past incidents with a confirmed cause that stand behind what is stated of confidence"""


def suggest_for_incident(incident: Incident, user: Any, limit: int = 5) -> Suggestions:
    """What history holds that is like `incident`, of what `user` may see."""
    [row] = prefetch_telling(with_features(Incident.objects.filter(pk=incident.pk)))
    return _suggest(document_of(row), user, limit, library.sync(), incident)


@dataclass(frozen=True)
class Within:
    """Which part of history to search: all of these must hold for a past incident."""

    services: Sequence[Service] = ()
    team: str = ""
    since: datetime | None = None

    @property
    def is_all(self) -> bool:
        return not (self.services or self.team or self.since)

    def keys(self, user: Any) -> set[int] | None:
        """Keys that may be found, causes included; None for all of them."""
        if self.is_all:
            return None
        incidents = visible_incidents(user)
        if self.services:
            incidents = incidents.filter(services__in=self.services)
        if self.team:
            incidents = incidents.filter(services__owner_team=self.team)
        if self.since:
            incidents = incidents.filter(impact_started_at__gte=self.since)
        found = set(incidents.values_list("pk", flat=True))
        causes = CauseLink.objects.filter(incident__in=found).values_list("cause_id", flat=True)
        return found | {-cause for cause in causes}


def suggest_for_text(
    title: str,
    user: Any,
    symptom: str = "",
    services: Iterable[Service] = (),
    limit: int = 5,
    within: Within | None = None,
) -> Suggestions:
    """The same for words that are not an incident yet."""
    state = library.sync()
    named = names_in(f"{title}\n{symptom}", state.services)
    names = {*named, *(service.name for service in services)}
    document = incident_document(title=title, symptom=symptom, services=names)
    key = title, symptom, frozenset(names), limit
    keeps = (within is None or within.is_all) and not only_team(user)
    if keeps and (known := _answers.get(key)) and known.holds(state):
        return known.found
    found = _suggest(document, user, limit, state, within=within)
    if keeps and found.for_all:
        if len(_answers) >= MOST_KEPT:
            _answers.clear()
        _answers[key] = _Kept(found, state.version, time.monotonic())
    return found


@dataclass(frozen=True)
class _Kept:
    """An answer to words, as several people and bots ask the same during an incident."""

    found: Suggestions
    version: int
    at: float

    def holds(self, state: State) -> bool:
        # Old votes fade by the day, so a minute changes nothing that could be seen.
        return self.version == state.version and time.monotonic() - self.at < KEPT_FOR


MOST_KEPT, KEPT_FOR = 500, 60.0
_answers: dict[Any, _Kept] = {}


def _suggest(
    document: Document,
    user: Any,
    limit: int,
    state: State,
    incident: Incident | None = None,
    within: Within | None = None,
) -> Suggestions:
    only = within.keys(user) if within else None
    left_out = {incident.pk, *_later_than(incident)} if incident else set()
    found_hits, query, for_all = _search(document, user, left_out, only)
    hits = [hit for hit in found_hits if hit.likeness >= ALIKE]
    # Of most of what is found only this is needed; whole rows are read of what is shown.
    pasts = library.pasts.of([hit.key for hit in hits if hit.key > 0])
    began = (incident.impact_started_at if incident else timezone.now()).timestamp()
    pasts = {key: past for key, past in pasts.items() if past.began <= began}
    hits = [hit for hit in hits if hit.key < 0 or hit.key in pasts]
    alike = {hit.key: hit.likeness for hit in hits if hit.key > 0}
    learnt = calibration(state.fit)
    ballots = _ballots(hits, pasts, began, state)
    if incident is not None:
        ballots = weighed(ballots, factors(incident))
    if learnt is not None:
        ballots = learnt.order(ballots)
    own_links = {link.cause_id: link for link in incident.cause_links.all()} if incident else {}
    refused = {cause for cause, link in own_links.items() if link.state == "rejected"}
    voted = ballots[: limit * 3]
    causes = _causes(voted, user)
    shown = [
        place
        for place, ballot in enumerate(ballots)
        if ballot.cause in causes and ballot.cause not in refused
    ][:limit]
    sure = {place: learnt.sure(ballots, place) for place in shown} if learnt else {}
    shown = [place for place in shown if place == shown[0] or sure.get(place, 1.0) >= UNLIKELY]
    listed = [key for key in pasts if alike[key] >= LISTED]
    best = sorted(listed, key=lambda key: (-alike[key], key))[:limit]
    fixed = {
        place: next((key for key in ballots[place].incidents if pasts[key].told), 0)
        for place in shown
    }
    behind = {key for place in shown for key in ballots[place].incidents[:BEHIND]}
    found = library.rows.of({*best, *behind, *fixed.values()} - {0})
    near = {key: row for key, row in found.items() if key in behind or key in best}
    compared = [document_of(row) for row in near.values()]
    compared += [cause_document(causes[ballots[place].cause]) for place in shown]
    reasons = Reasons(document, query, compared)
    told = {key: _alike(row, alike[key], reasons) for key, row in near.items()}
    changes = candidate_changes(incident) if incident else []
    suggested = []
    for place in shown:
        cause = causes[ballots[place].cause]
        suggestion = _suggested(ballots[place], cause, told, reasons, found.get(fixed[place]))
        if learnt is not None:
            suggestion.confidence = sure[place]
            suggestion.track = learnt.bin_of(sure[place])
        suggestion.link = own_links.get(cause.pk)
        suggestion.change = _change_for(cause, changes)
        suggested.append(suggestion)
    return Suggestions(
        suggested,
        [told[key] for key in best if key in told],
        max(0, len(library) - len(state.private | left_out)),
        _nothing_alike(ballots, hits, learnt),
        learnt is not None,
        for_all and all(ballot.incidents for ballot in voted),
        learnt.judged.answers if learnt else 0,
    )


def _later_than(incident: Incident) -> set[int]:
    """Nothing later explains what came before. Known before the search, so that enough is found."""
    later = Incident.objects.filter(impact_started_at__gt=incident.impact_started_at).order_by()
    return set(later.values_list("pk", flat=True))


def _search(
    document: Document, user: Any, own: set[int], only: set[int] | None
) -> tuple[list[Hit], Query, bool]:
    """What is alike of what `user` may see, and whether that is the same for everybody.

    Most searches find nothing private: only where one does, it is asked what `user` may see.
    """
    hits, query, private = library.look(document, ASKED, own, only)
    for_all = not only_team(user) and private.isdisjoint(hit.key for hit in hits)
    if not for_all:
        hidden = hidden_incident_ids(user)
        if not hidden.isdisjoint(hit.key for hit in hits):
            hits, query, _ = library.look(document, ASKED, own | hidden, only)
    return hits, query, for_all


def _causes(ballots: list[Ballot], user: Any) -> dict[int, Cause]:
    """The causes of ballots. One with a visible incident behind it is visible with it."""
    wanted = {ballot.cause for ballot in ballots}
    named_only = {ballot.cause for ballot in ballots if not ballot.incidents}
    if named_only:
        seen = visible_causes(user).filter(pk__in=named_only).values_list("pk", flat=True)
        wanted -= named_only - set(seen)
    found = library.causes.of(wanted)
    return {key: cause for key, cause in found.items() if cause.superseded_by_id is None}


def _change_for(cause: Cause, changes: list[CandidateChange]) -> CandidateChange | None:
    """The most suspicious change before the impact that could have brought `cause`."""
    kinds = KINDS_OF_CHANGE.get(cause.category_id, set())
    before = (each for each in changes if each.before.total_seconds() >= 0)
    return next((each for each in before if each.change.kind in kinds), None)


def _ballots(hits: list[Hit], pasts: dict[int, Past], began: float, state: State) -> list[Ballot]:
    links = [link for past in pasts.values() for link in past.links]
    causes = library.causes.of({link.cause for link in links})
    # What a superseded cause was linked to speaks for the one in its place.
    instead = {key: cause.superseded_by_id for key, cause in causes.items()}
    rows = [
        replace(link, cause=instead[link.cause]) if instead[link.cause] else link
        for link in links
        if link.cause in instead
    ]
    named = {-hit.key: hit.likeness for hit in hits if hit.key < 0}
    return vote(
        {hit.key: hit.likeness for hit in hits if hit.key > 0},
        named,
        rows,
        {key: (began - past.began) / 86_400 for key, past in pasts.items()},
        records(state.newest),
    )


def _nothing_alike(ballots: list[Ballot], hits: list[Hit], learnt: Calibration | None) -> bool:
    """Causes decide; where none is known yet, the likeness of incidents does."""
    if not ballots:
        return not hits or hits[0].likeness < UNTAUGHT_BAR
    return learnt.is_new(ballots) if learnt else is_new_untaught(ballots)


def _alike(incident: Incident, likeness: float, reasons: Reasons) -> AlikeIncident:
    duplicate = incident.is_open and likeness > SAME
    return AlikeIncident(incident, likeness, reasons.shared(incident.pk), duplicate)


def _suggested(
    ballot: Ballot,
    cause: Cause,
    told: dict[int, AlikeIncident],
    reasons: Reasons,
    fixed_in: Incident | None,
) -> SuggestedCause:
    behind = [told[key] for key in ballot.incidents[:BEHIND] if key in told]
    nearest = behind[0].incident.pk if behind else -cause.pk
    return SuggestedCause(
        cause=cause,
        score=ballot.score,
        likeness=ballot.likeness,
        incidents=behind,
        reasons=behind[0].reasons if behind else reasons.shared(nearest),
        only_now=reasons.only_now(nearest),
        only_then=reasons.only_then(nearest) if behind else [],
        fixed_last_time=fixed_in.resolution if fixed_in else "",
        fixed_in=fixed_in,
    )
