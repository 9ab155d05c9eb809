"""How sure the origin of a fault is: whether normal time ever names a service as strongly.

The time before the onset is cut into windows as long as the fault has lasted. Each is ranked as if
a fault had begun in it, with spans and log lines of one half of the normal time against the other
half. How rarely such a window names a service as strongly is an empirical tail probability, as in
a permutation test (Phipson and Smyth, "Permutation P-values should never be zero", Statistical
Applications in Genetics and Molecular Biology 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from analysis.core.origin_ranking import (
    LogLine,
    Metric,
    Observed,
    Remembered,
    Span,
    Suspect,
    rank_services,
)

MOST_WINDOWS = 8
Recorded = TypeVar("Recorded", LogLine, Span)


@dataclass(frozen=True)
class Confidence:
    """In how many of the `windows` of normal time the first suspect was weaker than now."""

    weaker: int
    windows: int
    abnormal: bool
    """Whether there is anything abnormal about the first suspect."""

    @property
    def value(self) -> float:
        """From 0 to 1, by Laplace's rule of succession; 0.5 where there is no normal time."""
        return (self.weaker + 1) / (self.windows + 2) if self.abnormal else 0.0

    @property
    def tells(self) -> bool:
        """False where normal time names a service as strongly half of the time or more often."""
        return self.abnormal and (not self.windows or 2 * self.weaker > self.windows)


def confidence(observed: Observed, at: float, suspects: Sequence[Suspect]) -> Confidence:
    """How sure the first of `suspects`, ranked at the onset `at` (epoch seconds), is."""
    if not suspects or not suspects[0].reasons:
        return Confidence(0, 0, abnormal=False)
    scores = []
    remembered: Remembered = {}
    for seen, onset in _normal_windows(observed, at):
        ranked = rank_services(seen, onset, remembered)
        scores.append(ranked[0].score if ranked else 0.0)
    weaker = sum(score < suspects[0].score for score in scores)
    return Confidence(weaker, len(scores), abnormal=True)


def _normal_windows(observed: Observed, at: float) -> Iterator[tuple[Observed, float]]:
    """What was observed in windows before `at`, each with the time at which it begins.

    Each has at least half of the metrics' history before it.
    """
    times = [metric.times for metric in observed.metrics if len(metric.times)]
    if not times:
        return
    start, end = min(float(each[0]) for each in times), max(float(each[-1]) for each in times)
    length = end - at
    if length <= 0 or at <= start:
        return
    fitting = int((at - start) / 2 / length)
    onsets = at - length * np.arange(1, fitting + 1)
    if len(onsets) > MOST_WINDOWS:
        onsets = onsets[np.linspace(0, len(onsets) - 1, MOST_WINDOWS).astype(int)]
    spans = _halves(
        observed.usual_spans or [span for span in observed.spans if span.start < at],
        lambda span: span.start,
    )
    lines = _halves(
        observed.usual_lines or [line for line in observed.lines if line.at < at],
        lambda line: line.at,
    )
    for number, onset in enumerate(onsets.tolist()):
        one, other = number % 2, 1 - number % 2
        yield (
            replace(
                observed,
                metrics=[_until(metric, onset + length) for metric in observed.metrics],
                spans=spans[one],
                usual_spans=spans[other],
                lines=lines[one],
                usual_lines=lines[other],
            ),
            onset,
        )


def _until(metric: Metric, end: float) -> Metric:
    count = int(np.searchsorted(metric.times, end))
    return replace(metric, times=metric.times[:count], values=metric.values[:count])


def _halves(
    recorded: Sequence[Recorded], when: Callable[[Recorded], float]
) -> tuple[list[Recorded], list[Recorded]]:
    """The earlier and the later half; what belongs to one trace stays together."""
    ordered = sorted(recorded, key=when)
    first: dict[str, float] = {}
    for each in ordered:
        if each.trace:
            first.setdefault(each.trace, when(each))
    begins = [first.get(each.trace, when(each)) for each in ordered]
    middle = sorted(begins)[len(begins) // 2] if begins else 0.0
    halves: tuple[list[Recorded], list[Recorded]] = ([], [])
    for each, begin in zip(ordered, begins, strict=True):
        halves[begin >= middle].append(each)
    return halves
