"""How sure an answer is, learnt from what past answers turned out to be worth.

Everything is fitted on answers replayed in the order of time (analysis.similarity.replay), and
judged only on answers younger than those it was fitted on. Kept as plain numbers: no pickles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from analysis.similarity.replay import Answer, features
from analysis.similarity.votes import Ballot

ENOUGH = 40
"""Answers with a known outcome below which nothing is said about how sure an answer is."""
FOLDS = 60
HALVINGS = 4.0
"""How often the weight of an answer halves from the youngest to the oldest."""
CONSIDERED = 5
LEAST_SURE = 0.01
NEAR, DOUBT = 0.7, 6.0
"""How near in log-odds past answers must be to correct a stated confidence, and how many of them
it takes to move it half of the way."""
MOST_KEPT = 2000
REFUSED_KNOWN = 0.06
"""Share of answerable incidents that may be refused for the sake of catching new kinds."""
UNTAUGHT = 20
UNTAUGHT_BAR = 0.2
"""Likeness of the best suggestion below which a small history calls an incident a new kind."""
PLACES = ("1", "3", "5")
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Curve:
    """A logistic regression: probability = 1 / (1 + exp(-(x - mean) / scale · weights - bias))."""

    mean: list[float]
    scale: list[float]
    weights: list[float]
    bias: float

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """What to multiply with, and what to subtract before."""
        return np.array(self.weights) / np.array(self.scale), np.array(self.mean)

    def __call__(self, x: np.ndarray) -> float:
        slopes, mean = self._arrays
        z = float((x - mean) @ slopes) + self.bias
        return 1 / (1 + math.exp(-min(max(z, -30.0), 30.0)))

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, trust: np.ndarray) -> Curve | None:
        """None when the outcomes do not differ. `trust` weighs the examples."""
        if len(y) == 0 or y.min() == y.max():
            return None
        mean, scale = x.mean(0), np.maximum(x.std(0), 1e-6)
        model = LogisticRegression(C=0.3, max_iter=1000).fit((x - mean) / scale, y, trust)
        return cls(
            mean.tolist(), scale.tolist(), model.coef_[0].tolist(), float(model.intercept_[0])
        )


Outcome = tuple[float, bool]
"""The confidence stated by a fit that did not know the outcome, and whether it was right."""


class Outcomes:
    """What came of past answers, ready to correct a confidence with."""

    def __init__(self, kept: Sequence[Outcome]) -> None:
        said = np.clip(np.array([confidence for confidence, _ in kept]), LEAST_SURE, 1 - LEAST_SURE)
        self._log_odds = np.log(said / (1 - said))
        self._right = np.array([outcome for _, outcome in kept], float)

    def corrected(self, stated: float) -> float:
        """A confidence moved towards what answers stated about as sure turned out to be worth.

        Smooths outcomes over log-odds with a Gaussian kernel (Nadaraya, Watson, 1964); where few
        are near, what was stated stands. A regression on few answers cannot bend as far as it
        should.
        """
        own = min(max(stated, LEAST_SURE), 1 - LEAST_SURE)
        apart = math.log(own / (1 - own)) - self._log_odds
        near = np.exp(-0.5 * (apart / NEAR) ** 2)
        return float((near @ self._right + DOUBT * stated) / (near.sum() + DOUBT))


@dataclass(frozen=True)
class Bin:
    """Of `total` answers given with a confidence in [low, high), `right` were right."""

    low: float
    high: float
    right: int
    total: int
    stated: float
    """mean confidence stated"""


@dataclass
class Judgement:
    """How answers fared that were given without knowing their outcome."""

    answers: int = 0
    known: int = 0
    refused_known: int = 0
    new: int = 0
    refused_new: int = 0
    made_new: int = 0
    """answers asked once more without what was known of their causes"""
    refused_made_new: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    """hits at 1, 3 and 5 among `known`, in plain order"""
    ranked_hits: dict[str, int] = field(default_factory=dict)
    """the same in the learnt order"""
    bins: list[Bin] = field(default_factory=list)


@dataclass
class Calibration:
    """Confidence of suggestions and the bar below which an incident is called a new kind."""

    first: Curve
    """probability that the first suggestion is right"""
    further: Curve
    """the same for one of the following"""
    novelty: Curve
    """probability that the cause was seen before"""
    bar: float
    judged: Judgement
    learnt_order: bool = False
    """whether the learnt order is used: only where it did better on answers it had not seen"""
    kept: list[Outcome] = field(default_factory=list)
    """what earlier fits stated of first suggestions, and what came of it; the youngest ones"""

    def order(self, ballots: Sequence[Ballot]) -> list[Ballot]:
        """The ballots as they should be shown."""
        return _learnt_order(self.further, ballots) if self.learnt_order else list(ballots)

    def sure(self, ballots: Sequence[Ballot], place: int) -> float:
        """Probability that the cause at this place (from 0) is right."""
        stated = (self.further if place else self.first)(features(ballots, place))
        if place == 0:
            stated = self._outcomes.corrected(stated)
        return min(max(stated, LEAST_SURE), self._most_sure)

    @cached_property
    def _outcomes(self) -> Outcomes:
        return Outcomes(self.kept)

    @cached_property
    def _most_sure(self) -> float:
        """No answer promises more than the best ones have kept (by the rule of succession)."""
        kept = [(each.right + 1) / (each.total + 2) for each in self.judged.bins]
        return max([LEAST_SURE, *kept])

    def is_new(self, ballots: Sequence[Ballot]) -> bool:
        """Whether this looks like a kind of failure that history does not hold."""
        return not ballots or self.novelty(_outlook(ballots)) < self.bar

    def bin_of(self, confidence: float) -> Bin | None:
        for each in self.judged.bins:
            if each.low <= confidence < each.high or confidence == each.high == 1.0:
                return each
        return None

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Calibration:
        judged = dict(data["judged"])
        judged["bins"] = [Bin(**each) for each in judged["bins"]]
        first, further, novelty = (Curve(**data[name]) for name in ("first", "further", "novelty"))
        kept = [(stated, right) for stated, right in data.get("kept", [])]
        return cls(
            first, further, novelty, data["bar"], Judgement(**judged), data["learnt_order"], kept
        )


def _learnt_order(confidence: Curve, ballots: Sequence[Ballot]) -> list[Ballot]:
    """The first few by their confidence; the others stay where they were."""
    head = range(min(CONSIDERED, len(ballots)))
    placed = sorted(head, key=lambda place: -confidence(features(ballots, place)))
    return [ballots[place] for place in placed] + list(ballots[CONSIDERED:])


def _outlook(ballots: Sequence[Ballot]) -> np.ndarray:
    """What tells a known kind of failure from a new one. float64[5]"""
    return features(ballots, 0)[:5]


def _fit_curves(answers: Sequence[Answer]) -> tuple[Curve, Curve, Curve] | None:
    """Confidence and novelty. The young answers count for more: they had more history to draw on.

    Real new kinds are few, so each answer teaches novelty twice: as it was, and as it would have
    been had nobody seen its causes before.
    """
    first, every, novelty = _Examples(), _Examples(), _Examples()
    for number, answer in enumerate(answers):
        trust = 0.5 ** ((len(answers) - 1 - number) / (len(answers) / HALVINGS))
        for place, ballot in enumerate(answer.ballots[:CONSIDERED]):
            right = ballot.cause in answer.causes
            every.add(features(answer.ballots, place), right, trust)
            if place == 0:
                first.add(features(answer.ballots, 0), right, trust)
        for ballots, was_known in ((answer.ballots, answer.known), (answer.unknown, False)):
            if ballots:
                novelty.add(_outlook(ballots), was_known, trust)
    curves = first.fit(), every.fit(), novelty.fit()
    return curves if all(curves) else None  # type: ignore[return-value]


class _Examples:
    def __init__(self) -> None:
        self._x: list[np.ndarray] = []
        self._y: list[bool] = []
        self._trust: list[float] = []

    def add(self, x: np.ndarray, y: bool, trust: float) -> None:
        self._x.append(x)
        self._y.append(y)
        self._trust.append(trust)

    def fit(self) -> Curve | None:
        if not self._x:
            return None
        return Curve.fit(np.array(self._x), np.array(self._y), np.array(self._trust))


def _bar(novelty: Curve, answers: Sequence[Answer]) -> float:
    known = [
        novelty(_outlook(answer.ballots)) for answer in answers if answer.known and answer.ballots
    ]
    return float(np.quantile(known, REFUSED_KNOWN)) if known else 0.0


def is_new_untaught(ballots: Sequence[Ballot]) -> bool:
    """The rule for a history too small to learn from."""
    return not ballots or ballots[0].likeness < UNTAUGHT_BAR


def _judge(answers: Sequence[Answer]) -> tuple[Judgement, list[Outcome]]:
    """Walk through time: fit on what is past, answer the next part, compare.

    Also what the fits stated before any correction, with what came of it.
    """
    judged = Judgement(
        answers=len(answers), hits=dict.fromkeys(PLACES, 0), ranked_hits=dict.fromkeys(PLACES, 0)
    )
    stated: list[Outcome] = []
    kept: list[Outcome] = []
    for part in np.array_split(np.arange(len(answers)), FOLDS):
        before = answers[: part[0]] if len(part) else []
        curves = _fit_curves(before) if len(before) >= UNTAUGHT else None
        bar = _bar(curves[2], before) if curves else 0.0
        earlier = Outcomes(kept[-MOST_KEPT:])

        def is_new(
            ballots: Sequence[Ballot],
            curves: tuple[Curve, Curve, Curve] | None = curves,
            bar: float = bar,
        ) -> bool:
            if curves is None:
                return is_new_untaught(ballots)
            return not ballots or curves[2](_outlook(ballots)) < bar

        for answer in (answers[place] for place in part):
            new = is_new(answer.ballots)
            if answer.known:
                judged.known += 1
                judged.refused_known += new
                judged.made_new += 1
                judged.refused_made_new += is_new(answer.unknown)
            else:
                judged.new += 1
                judged.refused_new += new
            ranked = _learnt_order(curves[1], answer.ballots) if curves else answer.ballots
            for most in PLACES:
                judged.hits[most] += answer.known and (answer.place() or 99) <= int(most)
                judged.ranked_hits[most] += answer.known and (answer.place(ranked) or 99) <= int(
                    most
                )
            if answer.ballots and curves:
                confidence = curves[0](features(answer.ballots, 0))
                stated.append((earlier.corrected(confidence), answer.right))
                kept.append((confidence, answer.right))
    judged.bins = _bins(stated)
    return judged, kept[-MOST_KEPT:]


def _bins(stated: Sequence[Outcome]) -> list[Bin]:
    bins = []
    for low, high in pairwise(EDGES):
        inside = [(s, r) for s, r in stated if low <= s < high or s == high == 1.0]
        if inside:
            mean = float(np.mean([s for s, _ in inside]))
            bins.append(Bin(low, high, sum(r for _, r in inside), len(inside), mean))
    return bins


def calibrate(answers: Sequence[Answer]) -> Calibration | None:
    """Fit on replayed answers in the order of time; None when there are too few to know."""
    if len(answers) < ENOUGH:
        return None
    curves = _fit_curves(answers)
    if curves is None:
        return None
    judged, kept = _judge(answers)
    better = judged.ranked_hits["1"] > judged.hits["1"]
    return Calibration(*curves, _bar(curves[2], answers), judged, better, kept)
