"""How sure an answer is, learnt from questions whose answers are known.

The questions are made from the installation's own history (analysis.similarity.simulation). What is
stated is judged on causes that the judged fit had not seen. Stored as plain numbers: no pickles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.similarity.ranking import MEASURED, features
from analysis.similarity.simulation import KNOWN, UNSEEN, VAGUE, SimulatedAnswer
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.votes import MOSTLY_MATCHED, Ballot

VERSION = 2
"""Of what is stored; calibrations of other versions are learnt anew."""
MIN_ANSWERS = 30
"""Incidents with a known cause below which nothing is said about how sure an answer is."""
FOLDS = 5
SHARES = {KNOWN: 0.5, UNSEEN: 0.25, VAGUE: 0.25}
"""Every other question has an answer in history."""
LOWEST_CONFIDENCE = 0.01
VAGUE_SHARE = 0.05
"""The share of past incidents that were filed in fewer or commoner words than a vague question."""
CUTOFFS = ("1", "3", "5")
"""Ranks within which a true cause counts as a hit."""
BIN_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A logistic regression: probability = 1 / (1 + exp(-(x - mean) / scale · weights - bias))."""

    mean: list[float]
    scale: list[float]
    weights: list[float]
    bias: float

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        """What to multiply with, and what to subtract before."""
        return np.array(self.weights) / np.array(self.scale), np.array(self.mean)

    def __call__(self, x: Floats) -> float:
        slopes, mean = self._arrays
        z = float((x - mean) @ slopes) + self.bias
        return 1 / (1 + math.exp(-min(max(z, -30.0), 30.0)))

    @classmethod
    def fit(cls, x: Floats, y: NDArray[np.bool_], trust: Floats) -> Curve | None:
        """None when the outcomes do not differ. `trust` weighs the examples."""
        if len(y) == 0 or y.min() == y.max():
            return None
        from sklearn.linear_model import LogisticRegression

        mean, scale = x.mean(0), np.maximum(x.std(0), 1e-6)
        model = LogisticRegression(C=0.3, max_iter=1000).fit((x - mean) / scale, y, trust)
        return cls(
            mean.tolist(), scale.tolist(), model.coef_[0].tolist(), float(model.intercept_[0])
        )


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
    """past incidents with a confirmed cause, each put as a new one"""
    refused_known: int = 0
    new: int = 0
    """the same incidents put as if their cause had never been seen"""
    refused_new: int = 0
    vague: int = 0
    """questions of a few common words"""
    refused_vague: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    """hits at 1, 3 and 5 among `answers`"""
    bins: list[Bin] = field(default_factory=list)
    """of first suggestions, over questions of all kinds in every wording"""


@dataclass
class Calibration:
    """Confidence of suggestions and the bar below which an incident is called a new kind."""

    right: Curve
    """probability that a suggestion is right"""
    bar: float
    """confidence of the first suggestion below which history holds nothing alike"""
    vague_below: float
    """what a question says (`Support.asked`) below which its words are too few or too common"""
    judged: Judgement

    def confidence(self, ballots: Sequence[Ballot], position: int) -> float:
        """Probability that the cause at this position (from 0) is right."""
        if ballots[position].support is None:
            return LOWEST_CONFIDENCE
        stated = self.right(features(ballots, position))
        return min(max(stated, LOWEST_CONFIDENCE), self._highest_confidence)

    @cached_property
    def _highest_confidence(self) -> float:
        """No answer promises more than the best ones achieved (by the rule of succession)."""
        achieved = [(each.right + 1) / (each.total + 2) for each in self.judged.bins]
        return max([LOWEST_CONFIDENCE, *achieved])

    def is_new(self, ballots: Sequence[Ballot]) -> bool:
        """Whether this looks like a kind of failure that history does not hold."""
        return not ballots or _claim(ballots, self.right) < self.bar

    def is_vague(self, ballots: Sequence[Ballot]) -> bool:
        """Whether the question says too little for any answer, in words that history knows well."""
        support = ballots[0].support if ballots else None
        if support is None or support.asked >= self.vague_below:
            return False
        return math.expm1(support.matched) >= MOSTLY_MATCHED * math.expm1(support.asked)

    def bin_of(self, confidence: float) -> Bin | None:
        for each in self.judged.bins:
            if each.low <= confidence < each.high or confidence == each.high == 1.0:
                return each
        return None

    def as_data(self) -> dict[str, Any]:
        """For storing as JSON."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Calibration | None:
        """What was stored; None when another version stored it."""
        if data.get("version") != VERSION:
            return None
        judged = dict(data["judged"])
        judged["bins"] = [Bin(**each) for each in judged["bins"]]
        return cls(Curve(**data["right"]), data["bar"], data["vague_below"], Judgement(**judged))


def _fit(answers: Sequence[SimulatedAnswer]) -> tuple[Curve, float] | None:
    """The curve of the first few suggestions, and the bar."""
    counts = {kind: sum(answer.kind == kind for answer in answers) for kind in SHARES}
    x, y, trust = [], [], []
    for answer in answers:
        for position, ballot in enumerate(answer.ballots[:MEASURED]):
            x.append(answer.features(position))
            y.append(ballot.cause in answer.causes)
            trust.append(SHARES[answer.kind] * len(answers) / counts[answer.kind])
    curve = Curve.fit(np.array(x), np.array(y), np.array(trust)) if x else None
    if curve is None:
        return None
    found = [_claim(answer.ballots, curve) for answer in answers if answer.rank == 1]
    return curve, float(np.quantile(found, THRESHOLDS.known_refused)) if found else 0.0


def _claim(ballots: Sequence[Ballot], curve: Curve) -> float:
    """How sure the first of some suggestions is; 0 for what no more than one word speaks for."""
    return 0.0 if _is_one_word(ballots) else curve(features(ballots, 0))


def _is_one_word(ballots: Sequence[Ballot]) -> bool:
    """Whether no more than one word of many speaks for the first suggestion, and no check."""
    support = ballots[0].support if ballots else None
    return support is not None and support.is_one_word_of_many and ballots[0].checks <= 1


def is_new_uncalibrated(ballots: Sequence[Ballot]) -> bool:
    """The rule for a history too small to learn from.

    A check that holds is evidence that no word has: it makes up for words in which an incident
    with many alerts and services differs from the past.
    """
    if not ballots:
        return True
    first = ballots[0]
    return first.likeness * max(1.0, first.checks) < THRESHOLDS.nothing_alike_below


def calibrate(answers: Sequence[SimulatedAnswer]) -> Calibration | None:
    """Fit on answers of known outcome; None when there are too few to know."""
    originals = sum(answer.original for answer in answers if answer.kind == KNOWN)
    fitted = _fit(answers) if originals >= MIN_ANSWERS else None
    if fitted is None:
        return None
    return Calibration(*fitted, _vague_below(answers), _judge(answers))


def _vague_below(answers: Sequence[SimulatedAnswer]) -> float:
    """Nearly all past incidents say more than this."""
    asked = [
        answer.ballots[0].support.asked
        for answer in answers
        if answer.original and answer.ballots and answer.ballots[0].support
    ]
    return float(np.quantile(asked, VAGUE_SHARE)) if asked else 0.0


def _judge(answers: Sequence[SimulatedAnswer]) -> Judgement:
    """Fit without some of the causes, answer what was made from these, compare."""
    judged = Judgement(hits=dict.fromkeys(CUTOFFS, 0))
    stated: list[tuple[float, bool]] = []
    for fit, held_out in _folds(answers):
        for answer in held_out:
            confidence = fit[0](answer.features()) if fit and answer.ballots else 0.0
            claim = 0.0 if _is_one_word(answer.ballots) else confidence
            _count(judged, answer, claim < (fit[1] if fit else 0.0))
            if answer.ballots:
                stated.append((confidence, answer.rank == 1))
    judged.bins = _bins(stated)
    return judged


def _folds(
    answers: Sequence[SimulatedAnswer],
) -> Iterator[tuple[tuple[Curve, float] | None, list[SimulatedAnswer]]]:
    groups = [answer.group for answer in answers]
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        return
    from sklearn.model_selection import GroupKFold

    for learnt, judged in GroupKFold(folds).split(answers, groups=groups):
        yield _fit([answers[at] for at in learnt]), [answers[at] for at in judged]


def _count(judged: Judgement, answer: SimulatedAnswer, refused: bool) -> None:
    if answer.kind == VAGUE:
        judged.vague += 1
        judged.refused_vague += refused
    elif answer.original and answer.kind == UNSEEN:
        judged.new += 1
        judged.refused_new += refused
    elif answer.original:
        judged.answers += 1
        judged.refused_known += refused
        for cutoff in CUTOFFS:
            judged.hits[cutoff] += answer.rank is not None and answer.rank <= int(cutoff)


def _bins(stated: Sequence[tuple[float, bool]]) -> list[Bin]:
    bins = []
    for low, high in pairwise(BIN_EDGES):
        inside = [(s, r) for s, r in stated if low <= s < high or s == high == 1.0]
        if inside:
            mean = float(np.mean([s for s, _ in inside]))
            bins.append(Bin(low, high, sum(r for _, r in inside), len(inside), mean))
    return bins
