"""Replays history: queries the index with each past incident as it was on that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.similarity.index import Hit, Index
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import Ballot, Link, vote
from analysis.similarity.weights import Document, Lengths

RECALLED = 40
"""Similar documents that may vote."""
MAX_REPLAYED = 3_000


@dataclass(frozen=True)
class HistoricIncident:
    """A past incident with its cause links; histories are in the order of time."""

    document: Document
    links: Sequence[Link] = ()
    days: float = 0.0
    """when it began, in days since any fixed day"""

    @property
    def causes(self) -> set[int]:
        return {link.cause for link in self.links if link.state == "confirmed"}


@dataclass
class ReplayedAnswer:
    """What would have been suggested for one incident, and what turned out to be true."""

    key: int
    ballots: list[Ballot] = field(default_factory=list)
    causes: set[int] = field(default_factory=set)
    known: bool = False
    """whether any of its causes had been seen before"""
    unknown: list[Ballot] = field(default_factory=list)
    """the ballots had its causes never been seen: what a new kind of failure looks like"""

    @property
    def right(self) -> bool:
        return bool(self.ballots) and self.ballots[0].cause in self.causes

    def rank(self, ballots: Sequence[Ballot] | None = None) -> int | None:
        """Rank of the first true cause, counted from 1, in this or another order."""
        for rank, ballot in enumerate(self.ballots if ballots is None else ballots, 1):
            if ballot.cause in self.causes:
                return rank
        return None


def _ballots_of(
    hits: Sequence[Hit], links: Mapping[int, Sequence[Link]], days_ago: Mapping[int, float]
) -> list[Ballot]:
    return vote(
        {hit.key: hit.likeness for hit in hits if hit.key > 0},
        {-hit.key: hit.likeness for hit in hits if hit.key < 0},
        [link for hit in hits for link in links.get(hit.key, ())],
        days_ago,
    )


class _Replay:
    """The history up to some moment: an index, cause links, and which causes were seen."""

    def __init__(self, lengths: Lengths, causes: Mapping[int, Document]) -> None:
        self._index = Index(lengths=lengths)
        self._cause_documents = causes
        self._links: dict[int, Sequence[Link]] = {}
        self._days: dict[int, float] = {}
        self._seen: set[int] = set()

    def answer(self, incident: HistoricIncident) -> ReplayedAnswer:
        hits = [
            hit
            for hit in self._index.search(incident.document, RECALLED)
            if hit.likeness >= THRESHOLDS.vote_from
        ]
        days_ago = {key: incident.days - days for key, days in self._days.items()}
        others = [hit for hit in hits if not self._has_a_cause_of(incident, hit)]
        return ReplayedAnswer(
            incident.document.key,
            ballots=_ballots_of(hits, self._links, days_ago),
            causes=incident.causes,
            known=bool(incident.causes & self._seen),
            unknown=_ballots_of(others, self._links, days_ago),
        )

    def _has_a_cause_of(self, incident: HistoricIncident, hit: Hit) -> bool:
        links = self._links.get(hit.key, ())
        return -hit.key in incident.causes or any(link.cause in incident.causes for link in links)

    def add(self, incident: HistoricIncident) -> None:
        key = incident.document.key
        self._index.add(incident.document)
        self._links[key] = incident.links
        self._days[key] = incident.days
        for link in incident.links:
            if link.state != "rejected" and link.cause not in self._seen:
                self._seen.add(link.cause)
                if link.cause in self._cause_documents:
                    self._index.add(self._cause_documents[link.cause])


def replay(
    history: Sequence[HistoricIncident], causes: Mapping[int, Document]
) -> list[ReplayedAnswer]:
    """Answers for the incidents with a confirmed cause, each from what came before it.

    `causes` maps a cause's id to its document (key: minus the id); it counts as written with the
    first incident that had it. Of a long history only the newest few thousand are replayed.
    """
    past = _Replay(Lengths.usual(incident.document for incident in history), causes)
    with_cause = [number for number, incident in enumerate(history) if incident.causes]
    replayed = set(with_cause[-MAX_REPLAYED:])
    answers = []
    for number, incident in enumerate(history):
        if number in replayed:
            answers.append(past.answer(incident))
        past.add(incident)
    return answers


def features(ballots: Sequence[Ballot], position: int) -> NDArray[np.float64]:
    """What distinguishes a right suggestion from a wrong one. float64[7]

    Its score, likeness and backing, its lead over the best of the others, its share of all scores,
    how long ago it was last seen, and whether it leads.
    """
    ballot = ballots[position]
    others = max((b.score for i, b in enumerate(ballots[:10]) if i != position), default=0.0)
    total = sum(b.score for b in ballots[:10])
    return np.array(
        [
            ballot.score,
            ballot.likeness,
            np.log1p(len(ballot.incidents)),
            ballot.score - others,
            ballot.score / total,
            np.log1p(ballot.days_ago),
            float(position == 0),
        ]
    )
