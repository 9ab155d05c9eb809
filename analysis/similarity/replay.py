"""Asks the index about each past incident as it stood that day: what would have been answered?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.similarity.index import Hit, Index
from analysis.similarity.votes import ALIKE, Ballot, Link, vote
from analysis.similarity.weights import Document, Lengths

ASKED = 40
"""Alike documents that may vote."""
MOST_QUESTIONS = 3_000


@dataclass(frozen=True)
class Past:
    """An incident of history with its cause links; histories are in the order of time."""

    document: Document
    links: Sequence[Link] = ()
    days: float = 0.0
    """when it began, in days since any fixed day"""

    @property
    def causes(self) -> set[int]:
        return {link.cause for link in self.links if link.state == "confirmed"}


@dataclass
class Answer:
    """What would have been said of one incident, and what turned out to be true."""

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

    def place(self, ballots: Sequence[Ballot] | None = None) -> int | None:
        """Place of the first true cause, counted from 1, in this or another order."""
        for place, ballot in enumerate(self.ballots if ballots is None else ballots, 1):
            if ballot.cause in self.causes:
                return place
        return None


def ballots_of(
    hits: Sequence[Hit], links: Mapping[int, Sequence[Link]], days_ago: Mapping[int, float]
) -> list[Ballot]:
    return vote(
        {hit.key: hit.likeness for hit in hits if hit.key > 0},
        {-hit.key: hit.likeness for hit in hits if hit.key < 0},
        [link for hit in hits for link in links.get(hit.key, ())],
        days_ago,
    )


def replay(history: Sequence[Past], causes: Mapping[int, Document]) -> list[Answer]:
    """Answers for the incidents with a confirmed cause, each from what lay before it.

    `causes` maps a cause's id to its document (key: minus the id); it counts as written with the
    first incident that had it. Of a long history only the newest few thousand are asked.
    """
    index = Index(lengths=Lengths.usual(past.document for past in history))
    links: dict[int, Sequence[Link]] = {}
    days: dict[int, float] = {}
    seen: set[int] = set()
    answers = []
    asked = [past for past in history if past.causes][-MOST_QUESTIONS:]
    first = asked[0].document.key if asked else None
    asking = False
    for past in history:
        asking = asking or past.document.key == first
        if asking and past.causes:
            hits = [hit for hit in index.search(past.document, ASKED) if hit.likeness >= ALIKE]
            shared = {
                hit.key
                for hit in hits
                if -hit.key in past.causes
                or any(link.cause in past.causes for link in links.get(hit.key, ()))
            }
            ago = {key: past.days - day for key, day in days.items()}
            ballots = ballots_of(hits, links, ago)
            without = ballots_of([hit for hit in hits if hit.key not in shared], links, ago)
            known = bool(past.causes & seen)
            answers.append(Answer(past.document.key, ballots, past.causes, known, without))
        index.add(past.document)
        links[past.document.key] = past.links
        days[past.document.key] = past.days
        for link in past.links:
            if link.state != "rejected" and link.cause not in seen:
                seen.add(link.cause)
                if link.cause in causes:
                    index.add(causes[link.cause])
    return answers


def features(ballots: Sequence[Ballot], place: int) -> np.ndarray:
    """What tells a right suggestion from a wrong one. float64[7]

    Its score, likeness and backing, how it stands to the best of the others, its share of all
    scores, how long ago it was last seen, and whether it leads.
    """
    ballot = ballots[place]
    others = max((b.score for i, b in enumerate(ballots[:10]) if i != place), default=0.0)
    every = sum(b.score for b in ballots[:10])
    return np.array(
        [
            ballot.score,
            ballot.likeness,
            np.log1p(len(ballot.incidents)),
            ballot.score - others,
            ballot.score / every,
            np.log1p(ballot.days_ago),
            float(place == 0),
        ]
    )
