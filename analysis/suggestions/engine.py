"""Suggestions for an incident or a piece of text: past causes, past incidents, and why.

An answer is made in four steps: recall similar documents, let them vote on causes and calibrate
the result, choose what to show, explain it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from analysis.evidence.checks import factors
from analysis.similarity.calibration import Calibration, is_new_uncalibrated
from analysis.similarity.explaining import WeightedQuery
from analysis.similarity.index import Hit
from analysis.similarity.replay import RECALLED
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import Ballot, vote, weighed
from analysis.similarity.weights import Document
from analysis.suggestions.calibration_versions import calibration, cause_records
from analysis.suggestions.change_feed import RecentChanges
from analysis.suggestions.documents import (
    cause_document,
    document_of,
    incident_document,
    read_incidents,
)
from analysis.suggestions.explanations import Reasons
from analysis.suggestions.live_index import live_index
from analysis.suggestions.types import AlikeIncident, SuggestedCause, Suggestions
from analysis.suggestions.voters import Voter, read_voters
from common.process_cache import ProcessCache
from incidents.filing import names_in
from incidents.models import Incident, Service
from incidents.permissions import hidden_incident_ids, only_team, visible_incidents
from incidents.suspect_changes import CandidateChange, candidate_changes
from kb.models import Cause, CauseLink
from kb.permissions import visible_causes

NAMED_INCIDENTS = 3
"""Past incidents that are named with a cause."""
CONSIDERED = 3
"""Causes considered for each one shown: some are hidden from the user or were rejected."""
CHANGES_BY_CATEGORY = {
    "deploy": {"deploy", "migration", "flag"},
    "code": {"deploy", "flag"},
    "config": {"config", "flag"},
    "data": {"migration"},
    "capacity": {"scaling"},
}
"""Kinds of changes that make a cause of a category likelier."""


@dataclass(frozen=True)
class Scope:
    """Which part of history to search: all of these must hold for a past incident."""

    services: Sequence[Service] = ()
    team: str = ""
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return not (self.services or self.team or self.since)

    def keys(self, user: Any) -> set[int] | None:
        """Index keys that may match, causes included; None for all of them."""
        if self.is_everything:
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


EVERYTHING = Scope()


def suggest_for_incident(incident: Incident, user: Any, limit: int = 5) -> Suggestions:
    """What history holds that is like `incident`, of what `user` may see."""
    row = read_incidents([incident.pk])[incident.pk]
    return _suggest(_Request(document_of(row), user, limit, live_index.refresh(), incident))


# Saves 8.7 of 25.1 ms when words are repeated: several people and bots describe one incident alike.
# A minute at most, as votes fade with time.
_answers: ProcessCache[Any, Suggestions] = ProcessCache("answers to words", 500, max_age=60)


def suggest_for_text(
    title: str,
    user: Any,
    symptom: str = "",
    services: Iterable[Service] = (),
    limit: int = 5,
    scope: Scope = EVERYTHING,
) -> Suggestions:
    """The same for words that are not an incident yet."""
    changes = live_index.refresh()
    named = names_in(f"{title}\n{symptom}", changes.services)
    names = {*named, *(service.name for service in services)}
    document = incident_document(title=title, symptom=symptom, services=names)
    request = _Request(document, user, limit, changes, scope=scope)
    if not scope.is_everything or only_team(user):
        return _suggest(request)
    key = (changes.version, title, symptom, frozenset(names), limit)
    answer = _answers.peek(key)
    if answer is None:
        answer = _suggest(request)
        if answer.same_for_everybody:
            _answers.store(key, answer)
    return answer


@dataclass(frozen=True)
class _Request:
    document: Document
    user: Any
    limit: int
    changes: RecentChanges
    incident: Incident | None = None
    scope: Scope = EVERYTHING

    @cached_property
    def began(self) -> float:
        """Epoch seconds; words are about now."""
        began = self.incident.impact_started_at if self.incident else timezone.now()
        return began.timestamp()

    @cached_property
    def excluded(self) -> set[int]:
        """The incident itself and later ones: nothing later explains what came before.

        Known before the search, so that it returns enough of what came before.
        """
        if self.incident is None:
            return set()
        later = Incident.objects.filter(impact_started_at__gt=self.incident.impact_started_at)
        return {self.incident.pk, *later.order_by().values_list("pk", flat=True)}


def _suggest(request: _Request) -> Suggestions:
    recalled = _recall(request)
    ranking = _vote_and_calibrate(request, recalled)
    choice = _choose(request, recalled, ranking)
    return _explain(request, recalled, ranking, choice)


@dataclass(frozen=True)
class _Recalled:
    """Similar documents that `user` may see, most similar first."""

    hits: list[Hit]
    query: WeightedQuery
    likeness: dict[int, float]
    """of past incidents, by id"""
    voters: dict[int, Voter]
    """the same incidents with their cause links"""
    same_for_everybody: bool


def _recall(request: _Request) -> _Recalled:
    """Search the index. Most searches match nothing private: only then permissions are queried."""
    user, document, excluded = request.user, request.document, request.excluded
    only = request.scope.keys(user)
    hits, query, private = live_index.search_as_refreshed(document, RECALLED, excluded, only)
    same_for_everybody = not only_team(user) and private.isdisjoint(hit.key for hit in hits)
    if not same_for_everybody:
        hidden = hidden_incident_ids(user)
        if not hidden.isdisjoint(hit.key for hit in hits):
            excluded = excluded | hidden
            hits, query, _ = live_index.search_as_refreshed(document, RECALLED, excluded, only)
    hits = [hit for hit in hits if hit.likeness >= THRESHOLDS.vote_from]
    # Whole records are read later, of the few that are shown.
    voters = read_voters([hit.key for hit in hits if hit.key > 0])
    voters = {key: voter for key, voter in voters.items() if voter.began <= request.began}
    hits = [hit for hit in hits if hit.key < 0 or hit.key in voters]
    likeness = {hit.key: hit.likeness for hit in hits if hit.key > 0}
    return _Recalled(hits, query, likeness, voters, same_for_everybody)


@dataclass(frozen=True)
class _Ranking:
    ballots: list[Ballot]
    """every cause that got votes, best first"""
    calibration: Calibration | None
    """None while history is too small to learn from"""
    nothing_alike: bool


def _vote_and_calibrate(request: _Request, recalled: _Recalled) -> _Ranking:
    """Rank causes by the votes of similar incidents, by checks, and by what was learnt."""
    learnt = calibration(request.changes.fit)
    ballots = _vote(request, recalled)
    if request.incident is not None:
        ballots = weighed(ballots, factors(request.incident))
    if learnt is not None:
        ballots = learnt.order(ballots)
    return _Ranking(ballots, learnt, _nothing_alike(ballots, recalled.hits, learnt))


def _vote(request: _Request, recalled: _Recalled) -> list[Ballot]:
    links = [link for voter in recalled.voters.values() for link in voter.links]
    causes = live_index.causes({link.cause for link in links})
    # A link to a superseded cause is a vote for the one that replaced it.
    links = [
        replace(link, cause=cause.superseded_by_id) if cause.superseded_by_id else link
        for link in links
        if (cause := causes.get(link.cause)) is not None
    ]
    return vote(
        recalled.likeness,
        {-hit.key: hit.likeness for hit in recalled.hits if hit.key < 0},
        links,
        {key: (request.began - voter.began) / 86_400 for key, voter in recalled.voters.items()},
        cause_records(request.changes.links_version),
    )


def _nothing_alike(ballots: list[Ballot], hits: list[Hit], learnt: Calibration | None) -> bool:
    """Causes decide; where none is known yet, the likeness of incidents does."""
    if not ballots:
        return not hits or hits[0].likeness < THRESHOLDS.nothing_alike_below
    return learnt.is_new(ballots) if learnt else is_new_uncalibrated(ballots)


@dataclass(frozen=True)
class _ChosenCause:
    cause: Cause
    ballot: Ballot
    confidence: float | None
    link: CauseLink | None
    fixed_in: int | None
    """the most similar incident with this cause whose resolution is written down"""

    @property
    def named_incidents(self) -> list[int]:
        return self.ballot.incidents[:NAMED_INCIDENTS]


@dataclass(frozen=True)
class _Choice:
    causes: list[_ChosenCause]
    incidents: list[int]
    same_for_everybody: bool


def _choose(request: _Request, recalled: _Recalled, ranking: _Ranking) -> _Choice:
    """Which causes and which incidents to show, of what `user` may see."""
    incident, learnt = request.incident, ranking.calibration
    links = {link.cause_id: link for link in incident.cause_links.all()} if incident else {}
    considered = ranking.ballots[: request.limit * CONSIDERED]
    causes = _visible_causes(considered, request.user)
    chosen: list[_ChosenCause] = []
    for position, ballot in enumerate(considered):
        link = links.get(ballot.cause)
        if ballot.cause not in causes or (link and link.state == CauseLink.State.REJECTED):
            continue
        confidence = learnt.confidence(ranking.ballots, position) if learnt else None
        fixed_in = next(
            (key for key in ballot.incidents if recalled.voters[key].has_resolution), None
        )
        chosen.append(_ChosenCause(causes[ballot.cause], ballot, confidence, link, fixed_in))
        if len(chosen) == request.limit:
            break
    shown = chosen[:1] + [each for each in chosen[1:] if _worth_showing(each)]
    listed = [key for key in recalled.voters if recalled.likeness[key] >= THRESHOLDS.listed_from]
    listed.sort(key=lambda key: (-recalled.likeness[key], key))
    # A cause that matched by its own text alone is visible to some users only.
    same_for_everybody = recalled.same_for_everybody and all(each.incidents for each in considered)
    return _Choice(shown, listed[: request.limit], same_for_everybody)


def _worth_showing(cause: _ChosenCause) -> bool:
    return cause.confidence is None or cause.confidence >= THRESHOLDS.further_cause_from


def _visible_causes(ballots: list[Ballot], user: Any) -> dict[int, Cause]:
    """The causes of ballots. One with a visible incident behind it is visible with it."""
    wanted = {ballot.cause for ballot in ballots}
    by_text_only = {ballot.cause for ballot in ballots if not ballot.incidents}
    if by_text_only:
        visible = visible_causes(user).filter(pk__in=by_text_only).values_list("pk", flat=True)
        wanted -= by_text_only - set(visible)
    causes = live_index.causes(wanted)
    return {key: cause for key, cause in causes.items() if cause.superseded_by_id is None}


def _explain(
    request: _Request, recalled: _Recalled, ranking: _Ranking, choice: _Choice
) -> Suggestions:
    """Read the records of what was chosen and say in words why it is alike."""
    similar = {key for chosen in choice.causes for key in chosen.named_incidents}
    similar.update(choice.incidents)
    fixed_in = {chosen.fixed_in for chosen in choice.causes if chosen.fixed_in}
    rows = read_incidents(similar | fixed_in)
    compared = [document_of(row) for key, row in rows.items() if key in similar]
    compared += [cause_document(chosen.cause) for chosen in choice.causes]
    reasons = Reasons(request.document, recalled.query, compared)
    alike = {
        key: _alike_incident(row, recalled.likeness[key], reasons)
        for key, row in rows.items()
        if key in similar
    }
    changes = candidate_changes(request.incident) if request.incident else []
    learnt = ranking.calibration
    causes = []
    for chosen in choice.causes:
        suggestion = _suggested_cause(chosen, alike, rows, reasons)
        suggestion.change = _change_for(chosen.cause, changes)
        if learnt is not None and chosen.confidence is not None:
            suggestion.track = learnt.bin_of(chosen.confidence)
        causes.append(suggestion)
    return Suggestions(
        causes=causes,
        incidents=[alike[key] for key in choice.incidents if key in alike],
        history=max(0, len(live_index) - len(request.changes.private | request.excluded)),
        nothing_alike=ranking.nothing_alike,
        calibrated=learnt is not None,
        same_for_everybody=choice.same_for_everybody,
        labelled=learnt.judged.answers if learnt else 0,
    )


def _alike_incident(incident: Incident, likeness: float, reasons: Reasons) -> AlikeIncident:
    duplicate = incident.is_open and likeness > THRESHOLDS.duplicate_above
    return AlikeIncident(incident, likeness, reasons.shared(incident.pk), duplicate)


def _suggested_cause(
    chosen: _ChosenCause,
    alike: dict[int, AlikeIncident],
    rows: dict[int, Incident],
    reasons: Reasons,
) -> SuggestedCause:
    incidents = [alike[key] for key in chosen.named_incidents if key in alike]
    nearest = incidents[0].incident.pk if incidents else -chosen.cause.pk
    fixed_in = rows.get(chosen.fixed_in) if chosen.fixed_in else None
    return SuggestedCause(
        cause=chosen.cause,
        score=chosen.ballot.score,
        likeness=chosen.ballot.likeness,
        incidents=incidents,
        reasons=incidents[0].reasons if incidents else reasons.shared(nearest),
        only_now=reasons.only_now(nearest),
        only_then=reasons.only_then(nearest) if incidents else [],
        fixed_last_time=fixed_in.resolution if fixed_in else "",
        fixed_in=fixed_in,
        confidence=chosen.confidence,
        link=chosen.link,
    )


def _change_for(cause: Cause, changes: list[CandidateChange]) -> CandidateChange | None:
    """The most suspicious change before the impact that could have brought `cause`."""
    kinds = CHANGES_BY_CATEGORY.get(cause.category_id or "", set())
    before = (each for each in changes if each.before.total_seconds() >= 0)
    return next((each for each in before if each.change.kind in kinds), None)
