"""Ranks causes for a question, and measures what speaks for each of the first and against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.similarity.explaining import WeightedQuery
from analysis.similarity.index import Hit, Index
from analysis.similarity.segment import Row
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import Ballot, CauseRecord, Link, Support, trust_in, vote

RECALLED = 40
"""Similar incidents that may vote, and causes that are compared."""
VOTES = 0.5
"""What the votes of similar incidents count, where the likeness of a cause's profile counts 1."""
MEASURED = 5
"""So many of the first causes have their support measured."""


@dataclass(frozen=True)
class Recalled:
    """What a search found: incidents with positive keys, causes with negative ones, best first."""

    query: WeightedQuery
    incidents: list[Hit]
    causes: list[Hit]

    @cached_property
    def likeness(self) -> dict[int, float]:
        """Of incidents, by key."""
        return {hit.key: hit.likeness for hit in self.incidents}


def recall(
    index: Index,
    query: WeightedQuery,
    exclude: Collection[int] = (),
    only: Collection[int] | None = None,
) -> Recalled:
    incidents = index.answer(query, RECALLED, exclude, only, sign=1)
    incidents = [hit for hit in incidents if hit.likeness >= THRESHOLDS.vote_from]
    return Recalled(query, incidents, index.answer(query, RECALLED, exclude, only, sign=-1))


def rank(
    recalled: Recalled,
    links: Iterable[Link],
    days_ago: Mapping[int, float] | None = None,
    records: Mapping[int, CauseRecord] | None = None,
    factors: Mapping[int, float] | None = None,
) -> list[Ballot]:
    """Causes by the likeness of their profiles and by the votes of similar incidents, best first.

    `days_ago` and `records` as in `vote`; `factors` multiply the score of a cause by the outcome
    of its checks, 1 where none is given.
    """
    votes = vote(recalled.likeness, links, days_ago, records)
    voted = {ballot.cause: ballot for ballot in votes}
    profiles = {-hit.key: hit for hit in recalled.causes}
    most_votes = max((ballot.score for ballot in voted.values()), default=1.0)
    best = max((hit.score for hit in recalled.causes), default=1.0)
    ballots = []
    for cause in {*voted, *profiles}:
        ballot, hit = voted.get(cause, Ballot(cause, 0.0)), profiles.get(cause)
        score = VOTES * ballot.score / most_votes
        if hit is not None:
            score += trust_in(cause, records) * hit.score / best
        checks = (factors or {}).get(cause, 1.0)
        alike = max(ballot.likeness, hit.likeness if hit else 0.0)
        ballots.append(replace(ballot, score=score * checks, likeness=alike, checks=checks))
    return sorted(ballots, key=lambda ballot: (-ballot.score, ballot.cause))


def measured(
    ballots: Sequence[Ballot], query: WeightedQuery, row_of: Callable[[int], Row | None]
) -> list[Ballot]:
    """The ballots, the first few with their support. `row_of` maps a key to what is stored."""
    first = [
        replace(ballot, support=_support(query, row_of(-ballot.cause)))
        for ballot in ballots[:MEASURED]
    ]
    return first + list(ballots[MEASURED:])


def _support(query: WeightedQuery, row: Row | None) -> Support:
    present = (row.weights_of(query.hashes) if row else np.zeros(len(query.terms))) > 0
    matched = query.rarity * (query.content & present)
    same_service = bool((query.services & present).any())
    words = int((query.content & present & ~query.concepts).sum())
    return Support(
        matched=float(np.log1p(matched.sum())),
        asked=query.asked,
        same_service=float(same_service),
        other_service=float(bool(query.services.any()) and not same_service),
        words=max(words, int((query.concepts & present).sum())),
        evidence=bool((query.evidence & present).any()),
    )


def features(ballots: Sequence[Ballot], position: int) -> NDArray[np.float64]:
    """What distinguishes a right suggestion from a wrong one. float64[5]

    How far its score lies above that of the best other cause, as a share of the highest, and its
    support.
    """
    ballot = ballots[position]
    others = max((b.score for i, b in enumerate(ballots[:10]) if i != position), default=0.0)
    support = ballot.support or Support()
    return np.array(
        [
            (ballot.score - others) / max(ballots[0].score, 1e-9),
            support.matched,
            support.asked,
            support.same_service,
            support.other_service,
        ]
    )
