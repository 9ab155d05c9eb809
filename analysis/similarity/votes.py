"""Alike incidents vote for the causes they had."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analysis.similarity.thresholds import THRESHOLDS

STATE_WEIGHT = {"confirmed": 1.0, "suspected": 0.5, "rejected": -0.5}
ROLE_WEIGHT = {"root": 1.0, "trigger": 0.7, "contributing": 0.6}
NEXT_VOTE = 0.5
"""Each further incident with the same cause counts for half of the one before it."""
OLDEST_SHARE, HALF_LIFE = 0.7, 180.0
"""Votes of old incidents decay towards this share; half of the way in so many days."""
BENEFIT_OF_DOUBT = 3.0
"""Confirmations that every cause is credited with before its rejections count."""


@dataclass(frozen=True, slots=True)
class Link:
    incident: int
    cause: int
    role: str
    state: str


@dataclass(frozen=True)
class CauseRecord:
    """How often people confirmed and rejected a cause."""

    confirmed: int = 0
    rejected: int = 0

    @property
    def share(self) -> float:
        k = BENEFIT_OF_DOUBT
        return (self.confirmed + k) / (self.confirmed + self.rejected + k)


MOSTLY_MATCHED = 0.5
"""The share of a question, by rarity of its words, from which most of it is explained."""


@dataclass(frozen=True)
class Support:
    """What speaks for a cause and against it."""

    matched: float = 0.0
    """log(1 + rarity of the words that question and profile share, summed)"""
    asked: float = 0.0
    """log(1 + rarity of all words of the question, summed); words nobody wrote before included"""
    same_service: float = 0.0
    """1 where an affected service had this cause before"""
    other_service: float = 0.0
    """1 where services are affected, and none of them had it"""
    words: int = 0
    """how many different things question and profile both name: words, or concepts of the trade"""
    evidence: bool = False
    """whether an alert, log template or metric of the question occurred with the cause before"""

    @property
    def is_one_word_of_many(self) -> bool:
        """Whether no more than one word speaks for it, which is less than half of the question."""
        if self.words > 1 or self.same_service or self.evidence:
            return False
        return math.expm1(self.matched) < MOSTLY_MATCHED * math.expm1(self.asked)


@dataclass
class Ballot:
    """A cause with its score (about 0 to 2) and the alike incidents behind it, best first."""

    cause: int
    score: float
    incidents: list[int] = field(default_factory=list)
    likeness: float = 0.0
    days_ago: float = 0.0
    """since the youngest of these incidents"""
    support: Support | None = None
    """of the first few causes"""
    checks: float = 1.0
    """what its score was multiplied by for the outcome of its checks"""


def trust_in(cause: int, records: Mapping[int, CauseRecord] | None) -> float:
    """What a cause's score is multiplied by: 1 until somebody rejected it."""
    return (records or {}).get(cause, CauseRecord()).share


def freshness(days: float) -> float:
    """1 for today, towards OLDEST_SHARE for what is long ago."""
    return OLDEST_SHARE + (1 - OLDEST_SHARE) * math.exp2(-days / HALF_LIFE)


def vote(
    incidents: Mapping[int, float],
    links: Iterable[Link],
    days_ago: Mapping[int, float] | None = None,
    records: Mapping[int, CauseRecord] | None = None,
) -> list[Ballot]:
    """Rank causes, best first.

    `incidents` maps ids to their likeness (0 to 1) to the new incident. Causes whose votes come out
    at zero or below are left out.
    `days_ago` is the age of incidents, `records` how often people confirmed and rejected causes. An
    incident of negative age has no vote: nothing later explains what came before.
    """
    ages = days_ago or {}
    votes: dict[int, list[tuple[float, float, int]]] = {}
    for link in links:
        likeness, age = incidents.get(link.incident, 0.0), ages.get(link.incident, 0.0)
        if likeness >= THRESHOLDS.vote_from and age >= 0:
            weight = STATE_WEIGHT[link.state] * ROLE_WEIGHT[link.role] * freshness(age)
            votes.setdefault(link.cause, []).append((likeness * weight, likeness, link.incident))
    ballots = []
    for cause, cast in votes.items():
        cast.sort(reverse=True)
        good = [value for value, _, _ in cast if value > 0]
        bad = sorted(value for value, _, _ in cast if value < 0)
        score = sum(value * NEXT_VOTE**number for number, value in enumerate(good))
        score += sum(value * NEXT_VOTE**number for number, value in enumerate(bad))
        score *= trust_in(cause, records)
        if score > 0:
            behind = [incident for value, _, incident in cast if value > 0]
            best = max(likeness for value, likeness, _ in cast if value > 0)
            youngest = min((ages.get(incident, 0.0) for incident in behind), default=0.0)
            ballots.append(Ballot(cause, score, behind, best, youngest))
    ballots.sort(key=lambda ballot: (-ballot.score, ballot.cause))
    return ballots
