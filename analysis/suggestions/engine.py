"""Suggestions for an incident or a piece of text: past causes, past incidents, and why.

An answer is made in four steps: recall similar incidents and causes, rank the causes and calibrate
the result, choose what to show, explain it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils import timezone

from analysis.evidence.checks import factors
from analysis.similarity.calibration import Calibration, is_new_uncalibrated
from analysis.similarity.ranking import Recalled, rank
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import Ballot, Link
from analysis.similarity.weights import Document
from analysis.suggestions.calibration_versions import calibration, cause_records
from analysis.suggestions.change_feed import RecentChanges
from analysis.suggestions.documents import (
    cause_document,
    cause_profiles,
    document_of,
    incident_document,
    read_incidents,
)
from analysis.suggestions.explanations import Reasons
from analysis.suggestions.live_index import live_index
from analysis.suggestions.scope import EVERYTHING, Scope
from analysis.suggestions.semantic_channel import ordered
from analysis.suggestions.types import AlikeIncident, SuggestedCause, Suggestions
from analysis.suggestions.voters import Voter, read_voters
from common.process_cache import ProcessCache
from incidents.filing import names_in
from incidents.models import Incident, Service
from incidents.permissions import hidden_incident_ids, only_team
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
    fields: Sequence[str] = (),
) -> Suggestions:
    """The same for words that are not an incident yet; `fields` as of `incident_document`."""
    changes = live_index.refresh()
    named = names_in(f"{title}\n{symptom}", changes.services)
    names = {*named, *(service.name for service in services)}
    document = incident_document(title=title, symptom=symptom, services=names, fields=fields)
    request = _Request(document, user, limit, changes, scope=scope)
    if not scope.is_everything or only_team(user):
        return _suggest(request)
    key = (changes.version, title, symptom, frozenset(names), tuple(fields), limit)
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
    ranking = _rank_and_calibrate(request, recalled)
    choice = _choose(request, recalled, ranking)
    return _explain(request, recalled, ranking, choice)


@dataclass(frozen=True)
class _Recalled:
    """Similar incidents that `user` may see, and similar causes."""

    found: Recalled
    voters: dict[int, Voter]
    """the incidents found, by id, with their cause links"""
    profiles: dict[int, Document]
    """by index key: causes as they were known before the incident"""
    same_for_everybody: bool


def _recall(request: _Request) -> _Recalled:
    """Search the index. Most searches match nothing private: only then permissions are queried."""
    user, document, excluded = request.user, request.document, request.excluded
    only = request.scope.keys(user)
    found, private = live_index.recall(document, excluded, only)
    keys = {hit.key for hit in found.incidents}
    same_for_everybody = not only_team(user) and private.isdisjoint(keys)
    if not same_for_everybody:
        hidden = hidden_incident_ids(user)
        if not hidden.isdisjoint(keys):
            found, _ = live_index.recall(document, excluded | hidden, only)
    # Whole records are read later, of the few that are shown.
    voters = read_voters([hit.key for hit in found.incidents])
    voters = {key: voter for key, voter in voters.items() if voter.began <= request.began}
    found = replace(found, incidents=[hit for hit in found.incidents if hit.key in voters])
    profiles = _profiles_before(request, found)
    if profiles:
        hits = live_index.rescored(found, profiles.values())
        causes = [hits.get(hit.key, hit) for hit in found.causes]
        causes.sort(key=lambda hit: (-hit.score, -hit.key))
        found = replace(found, causes=[hit for hit in causes if hit.score > 0])
    return _Recalled(found, voters, profiles, same_for_everybody)


def _profiles_before(request: _Request, found: Recalled) -> dict[int, Document]:
    """Of the causes found: profiles without the incident itself and all that came later."""
    incident = request.incident
    if incident is None or not found.causes:
        return {}
    later = Q(incident=incident) | Q(incident__impact_started_at__gt=incident.impact_started_at)
    causes = [-hit.key for hit in found.causes]
    known_later = CauseLink.objects.filter(later, cause__in=causes, state="confirmed")
    changed = set(known_later.values_list("cause_id", flat=True))
    past = cause_profiles(
        live_index.causes(changed).values(), incident.impact_started_at, incident.pk
    )
    return {each.key: each for each in past}


@dataclass(frozen=True)
class _Ranking:
    ballots: list[Ballot]
    """every cause that was found, best first"""
    calibration: Calibration | None
    """None while history is too small to learn from"""
    nothing_alike: bool
    vague: bool


def _rank_and_calibrate(request: _Request, recalled: _Recalled) -> _Ranking:
    """Rank causes by their profiles, the votes of similar incidents and checks."""
    learnt = calibration(request.changes.fit)
    ballots = rank(
        recalled.found,
        _links(recalled),
        {key: (request.began - voter.began) / 86_400 for key, voter in recalled.voters.items()},
        cause_records(request.changes.links_version),
        factors(request.incident) if request.incident else None,
    )
    ballots = live_index.measure(ballots, recalled.found.query, recalled.profiles)
    nothing_alike = _nothing_alike(ballots, recalled.found, learnt)
    vague = nothing_alike and learnt is not None and learnt.is_vague(ballots)
    return _Ranking(ballots, learnt, nothing_alike, vague)


def _links(recalled: _Recalled) -> list[Link]:
    links = [link for voter in recalled.voters.values() for link in voter.links]
    causes = live_index.causes({link.cause for link in links})
    # A link to a superseded cause is a vote for the one that replaced it.
    return [
        replace(link, cause=cause.superseded_by_id) if cause.superseded_by_id else link
        for link in links
        if (cause := causes.get(link.cause)) is not None
    ]


def _nothing_alike(ballots: list[Ballot], found: Recalled, learnt: Calibration | None) -> bool:
    """Causes decide; where none is known yet, the likeness of incidents does."""
    if not ballots:
        nearest = found.incidents[:1]
        return not nearest or nearest[0].likeness < THRESHOLDS.nothing_alike_below
    return learnt.is_new(ballots) if learnt else is_new_uncalibrated(ballots)


@dataclass(frozen=True)
class _ChosenCause:
    cause: Cause
    ballot: Ballot
    confidence: float | None
    link: CauseLink | None
    fixed_in: int | None
    """the nearest incident with this cause whose resolution is written down"""

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
    causes = _visible_causes(considered, request)
    chosen: list[_ChosenCause] = []
    for position, ballot in enumerate(considered):
        link = links.get(ballot.cause)
        if ballot.cause not in causes or (link and link.state == CauseLink.State.REJECTED):
            continue
        confidence = learnt.confidence(ranking.ballots, position) if learnt else None
        fixed_in = _nearest_resolved(request, recalled, ballot)
        chosen.append(_ChosenCause(causes[ballot.cause], ballot, confidence, link, fixed_in))
        if len(chosen) == request.limit:
            break
    shown = chosen[:1] + [each for each in chosen[1:] if _worth_showing(each)]
    similar = {
        key: likeness
        for key in recalled.voters
        if (likeness := recalled.found.likeness[key]) >= THRESHOLDS.listed_from
    }
    listed = ordered(request.document, similar)
    public = request.changes.private.isdisjoint(-each.cause for each in considered)
    same_for_everybody = recalled.same_for_everybody and public
    return _Choice(shown, listed[: request.limit], same_for_everybody)


def _nearest_resolved(request: _Request, recalled: _Recalled, ballot: Ballot) -> int | None:
    """The incident that says best how to fix it now: of the same service, then the most similar."""
    affected = set(request.document.terms["service"])
    resolved = [key for key in ballot.incidents if recalled.voters[key].has_resolution]
    elsewhere = {key: affected.isdisjoint(recalled.voters[key].services) for key in resolved}
    return min(
        resolved, key=lambda key: (elsewhere[key], -recalled.found.likeness[key]), default=None
    )


def _worth_showing(cause: _ChosenCause) -> bool:
    return cause.confidence is None or cause.confidence >= THRESHOLDS.further_cause_from


def _visible_causes(ballots: list[Ballot], request: _Request) -> dict[int, Cause]:
    """The causes of ballots that the user may see; only for private ones this costs a query.

    A token that is limited to a team sees a cause with a visible incident behind it.
    """
    wanted = {ballot.cause for ballot in ballots}
    if only_team(request.user) is not None:
        asked = {ballot.cause for ballot in ballots if not ballot.incidents}
    else:
        asked = {cause for cause in wanted if -cause in request.changes.private}
    if asked:
        visible = visible_causes(request.user).filter(pk__in=asked).values_list("pk", flat=True)
        wanted -= asked - set(visible)
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
    reasons = Reasons(request.document, recalled.found.query, compared)
    alike = {
        key: _alike_incident(row, recalled.found.likeness[key], reasons)
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
        vague=ranking.vague,
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
