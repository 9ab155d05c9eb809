"""How sure an answer is, learnt from whether past answers turned out to be right.

Everything is fitted on answers replayed in the order of time (analysis.similarity.replay), and
judged only on answers younger than those it was fitted on. Stored as plain numbers: no pickles.
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

from analysis.similarity.replay import ReplayedAnswer, features
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import Ballot

MIN_ANSWERS = 40
"""Answers with a known outcome below which nothing is said about how sure an answer is."""
FOLDS = 60
MIN_ANSWERS_TO_FIT = 20
"""Below these, the judgement uses the rule for a history too small to learn from."""
HALVINGS = 4.0
"""How often the weight of an answer halves from the youngest to the oldest."""
REORDERED = 5
"""So many of the first ballots take part in learning and may change their order."""
LOWEST_CONFIDENCE = 0.01
KERNEL_WIDTH, PRIOR_OUTCOMES = 0.7, 6.0
"""How near in log-odds past answers must be to correct a stated confidence, and how many of them
it takes to move it half of the way."""
MAX_OUTCOMES = 2000
CUTOFFS = ("1", "3", "5")
"""Ranks within which a true cause counts as a hit."""
BIN_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)


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


class OutcomeSmoother:
    """Corrects a stated confidence by the outcomes of past answers stated about as sure."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        stated = np.clip(
            np.array([confidence for confidence, _ in outcomes]),
            LOWEST_CONFIDENCE,
            1 - LOWEST_CONFIDENCE,
        )
        self._log_odds = np.log(stated / (1 - stated))
        self._right = np.array([right for _, right in outcomes], float)

    def corrected(self, stated: float) -> float:
        """A confidence moved towards the share of similarly sure answers that were right.

        Smooths outcomes over log-odds with a Gaussian kernel (Nadaraya, Watson, 1964); where few
        are near, the stated confidence hardly moves. A regression on few answers cannot bend as far
        as it should.
        """
        own = min(max(stated, LOWEST_CONFIDENCE), 1 - LOWEST_CONFIDENCE)
        distance = math.log(own / (1 - own)) - self._log_odds
        near = np.exp(-0.5 * (distance / KERNEL_WIDTH) ** 2)
        return float((near @ self._right + PRIOR_OUTCOMES * stated) / (near.sum() + PRIOR_OUTCOMES))


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
    """answers repeated without what was known of their causes"""
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
    """novelty below which an incident is called a new kind of failure"""
    judged: Judgement
    learnt_order: bool = False
    """whether the learnt order is used: only where it did better on answers it had not seen"""
    outcomes: list[Outcome] = field(default_factory=list)
    """what earlier fits stated of first suggestions, and whether it was right; the youngest ones"""

    def order(self, ballots: Sequence[Ballot]) -> list[Ballot]:
        """The ballots as they should be shown."""
        return _learnt_order(self.further, ballots) if self.learnt_order else list(ballots)

    def confidence(self, ballots: Sequence[Ballot], position: int) -> float:
        """Probability that the cause at this position (from 0) is right."""
        stated = (self.further if position else self.first)(features(ballots, position))
        if position == 0:
            stated = self._smoother.corrected(stated)
        return min(max(stated, LOWEST_CONFIDENCE), self._highest_confidence)

    @cached_property
    def _smoother(self) -> OutcomeSmoother:
        return OutcomeSmoother(self.outcomes)

    @cached_property
    def _highest_confidence(self) -> float:
        """No answer promises more than the best ones achieved (by the rule of succession)."""
        achieved = [(each.right + 1) / (each.total + 2) for each in self.judged.bins]
        return max([LOWEST_CONFIDENCE, *achieved])

    def is_new(self, ballots: Sequence[Ballot]) -> bool:
        """Whether this looks like a kind of failure that history does not hold."""
        return not ballots or self.novelty(_novelty_features(ballots)) < self.bar

    def bin_of(self, confidence: float) -> Bin | None:
        for each in self.judged.bins:
            if each.low <= confidence < each.high or confidence == each.high == 1.0:
                return each
        return None

    def as_data(self) -> dict[str, Any]:
        """For storing as JSON; the outcomes are stored under the name of the first version."""
        data = asdict(self)
        data["kept"] = data.pop("outcomes")
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Calibration:
        judged = dict(data["judged"])
        judged["bins"] = [Bin(**each) for each in judged["bins"]]
        first, further, novelty = (Curve(**data[name]) for name in ("first", "further", "novelty"))
        outcomes = [(stated, right) for stated, right in data.get("kept", [])]
        return cls(
            first,
            further,
            novelty,
            data["bar"],
            Judgement(**judged),
            data["learnt_order"],
            outcomes,
        )


def _learnt_order(confidence: Curve, ballots: Sequence[Ballot]) -> list[Ballot]:
    """The first few by their confidence; the others stay where they were."""
    head = range(min(REORDERED, len(ballots)))
    order = sorted(head, key=lambda position: -confidence(features(ballots, position)))
    return [ballots[position] for position in order] + list(ballots[REORDERED:])


def _novelty_features(ballots: Sequence[Ballot]) -> np.ndarray:
    """What distinguishes a known kind of failure from a new one. float64[5]"""
    return features(ballots, 0)[:5]


def _fit_curves(answers: Sequence[ReplayedAnswer]) -> tuple[Curve, Curve, Curve] | None:
    """Confidence and novelty. The young answers count for more: they had more history to draw on.

    Real new kinds are few, so each answer teaches novelty twice: as it was, and as it would have
    been had nobody seen its causes before.
    """
    first, every, novelty = _Examples(), _Examples(), _Examples()
    for number, answer in enumerate(answers):
        trust = 0.5 ** ((len(answers) - 1 - number) / (len(answers) / HALVINGS))
        for position, ballot in enumerate(answer.ballots[:REORDERED]):
            right = ballot.cause in answer.causes
            every.add(features(answer.ballots, position), right, trust)
            if position == 0:
                first.add(features(answer.ballots, 0), right, trust)
        for ballots, was_known in ((answer.ballots, answer.known), (answer.unknown, False)):
            if ballots:
                novelty.add(_novelty_features(ballots), was_known, trust)
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


def _bar(novelty: Curve, answers: Sequence[ReplayedAnswer]) -> float:
    known = [
        novelty(_novelty_features(answer.ballots))
        for answer in answers
        if answer.known and answer.ballots
    ]
    return float(np.quantile(known, THRESHOLDS.known_refused)) if known else 0.0


def is_new_uncalibrated(ballots: Sequence[Ballot]) -> bool:
    """The rule for a history too small to learn from."""
    return not ballots or ballots[0].likeness < THRESHOLDS.nothing_alike_below


def _judge(answers: Sequence[ReplayedAnswer]) -> tuple[Judgement, list[Outcome]]:
    """Walk through time: fit on the past, answer the next part, compare.

    Also returns what the fits stated before any correction, and whether it was right.
    """
    judged = Judgement(
        answers=len(answers), hits=dict.fromkeys(CUTOFFS, 0), ranked_hits=dict.fromkeys(CUTOFFS, 0)
    )
    corrected: list[Outcome] = []
    outcomes: list[Outcome] = []
    for part in np.array_split(np.arange(len(answers)), FOLDS):
        before = answers[: part[0]] if len(part) else []
        rule = _Rule(before)
        smoother = OutcomeSmoother(outcomes[-MAX_OUTCOMES:])
        for answer in (answers[number] for number in part):
            _count(judged, answer, rule)
            if answer.ballots and rule.curves:
                confidence = rule.curves[0](features(answer.ballots, 0))
                corrected.append((smoother.corrected(confidence), answer.right))
                outcomes.append((confidence, answer.right))
    judged.bins = _bins(corrected)
    return judged, outcomes[-MAX_OUTCOMES:]


class _Rule:
    """What was known from the answers before some moment."""

    def __init__(self, before: Sequence[ReplayedAnswer]) -> None:
        self.curves = _fit_curves(before) if len(before) >= MIN_ANSWERS_TO_FIT else None
        self._bar = _bar(self.curves[2], before) if self.curves else 0.0

    def is_new(self, ballots: Sequence[Ballot]) -> bool:
        if self.curves is None:
            return is_new_uncalibrated(ballots)
        return not ballots or self.curves[2](_novelty_features(ballots)) < self._bar

    def order(self, ballots: Sequence[Ballot]) -> Sequence[Ballot]:
        return _learnt_order(self.curves[1], ballots) if self.curves else ballots


def _count(judged: Judgement, answer: ReplayedAnswer, rule: _Rule) -> None:
    if answer.known:
        judged.known += 1
        judged.refused_known += rule.is_new(answer.ballots)
        judged.made_new += 1
        judged.refused_made_new += rule.is_new(answer.unknown)
        rank, learnt_rank = answer.rank(), answer.rank(rule.order(answer.ballots))
        for cutoff in CUTOFFS:
            judged.hits[cutoff] += rank is not None and rank <= int(cutoff)
            judged.ranked_hits[cutoff] += learnt_rank is not None and learnt_rank <= int(cutoff)
    else:
        judged.new += 1
        judged.refused_new += rule.is_new(answer.ballots)


def _bins(stated: Sequence[Outcome]) -> list[Bin]:
    bins = []
    for low, high in pairwise(BIN_EDGES):
        inside = [(s, r) for s, r in stated if low <= s < high or s == high == 1.0]
        if inside:
            mean = float(np.mean([s for s, _ in inside]))
            bins.append(Bin(low, high, sum(r for _, r in inside), len(inside), mean))
    return bins


def calibrate(answers: Sequence[ReplayedAnswer]) -> Calibration | None:
    """Fit on replayed answers in the order of time; None when there are too few to know."""
    if len(answers) < MIN_ANSWERS:
        return None
    curves = _fit_curves(answers)
    if curves is None:
        return None
    judged, outcomes = _judge(answers)
    better = judged.ranked_hits["1"] > judged.hits["1"]
    return Calibration(*curves, _bar(curves[2], answers), judged, better, outcomes)
