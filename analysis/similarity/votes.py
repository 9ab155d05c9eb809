"""Alike incidents vote for the causes they had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STATE_WEIGHT = {"confirmed": 1.0, "suspected": 0.5, "rejected": -0.5}
ROLE_WEIGHT = {"root": 1.0, "trigger": 0.7, "contributing": 0.6}
NEXT_VOTE = 0.5
"""Each further incident with the same cause counts for half of the one before it."""
ALIKE = 0.12
"""Likeness below which two incidents are not called alike."""


@dataclass(frozen=True)
class Link:
    incident: int
    cause: int
    role: str
    state: str


@dataclass
class Ballot:
    """A cause with its score (about 0 to 2) and the alike incidents behind it, best first."""

    cause: int
    score: float
    incidents: list[int] = field(default_factory=list)
    likeness: float = 0.0


def vote(
    incidents: Mapping[int, float],
    causes: Mapping[int, float],
    links: Iterable[Link],
    days_ago: Mapping[int, float] | None = None,
) -> list[Ballot]:
    """Rank causes, best first.

    `incidents` and `causes` map ids to their likeness (0 to 1) to the new incident. A cause's own
    text counts as one more vote. Causes whose votes come out at zero or below are left out.
    """
    votes: dict[int, list[tuple[float, float, int]]] = {}
    for link in links:
        likeness = incidents.get(link.incident, 0.0)
        if likeness >= ALIKE:
            weight = STATE_WEIGHT[link.state] * ROLE_WEIGHT[link.role]
            votes.setdefault(link.cause, []).append((likeness * weight, likeness, link.incident))
    for cause, likeness in causes.items():
        if likeness >= ALIKE:
            votes.setdefault(cause, []).append((likeness * 0.8, likeness, 0))
    ballots = []
    for cause, cast in votes.items():
        cast.sort(reverse=True)
        good = [value for value, _, _ in cast if value > 0]
        bad = [value for value, _, _ in cast if value < 0]
        score = sum(value * NEXT_VOTE**place for place, value in enumerate(good))
        score += sum(value * NEXT_VOTE**place for place, value in enumerate(sorted(bad)))
        if score > 0:
            ballots.append(
                Ballot(
                    cause,
                    score,
                    [incident for value, _, incident in cast if incident and value > 0],
                    max(likeness for _, likeness, _ in cast),
                )
            )
    ballots.sort(key=lambda ballot: (-ballot.score, ballot.cause))
    return ballots
