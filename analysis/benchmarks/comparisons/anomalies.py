"""F1 of anomalies over labelled windows, of every series and with each one left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.benchmarks.comparisons.outcomes import PRODUCT, Outcome
from analysis.benchmarks.datasets import epoch, series
from analysis.core.onset import MAD_TO_SIGMA, Array
from analysis.core.stream_anomalies import SAME_EPISODE, detect

Stretch = tuple[float, float]
SIGMAS = 3.0
SAMPLES_BEFORE = 1000


@dataclass(frozen=True)
class Matches:
    """Windows that an anomaly overlaps, windows that none does, anomalies outside of all."""

    hit: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: Matches) -> Matches:
        return Matches(self.hit + other.hit, self.missed + other.missed, self.false + other.false)

    @property
    def f1(self) -> float:
        """1 where there is nothing to find and nothing was found."""
        counted = 2 * self.hit + self.missed + self.false
        return 2 * self.hit / counted if counted else 1.0


def matches(found: Sequence[Stretch], windows: Sequence[Stretch]) -> Matches:
    def overlaps(one: Stretch, others: Sequence[Stretch]) -> bool:
        return any(one[0] <= end and start <= one[1] for start, end in others)

    hit = sum(overlaps(window, found) for window in windows)
    false = sum(not overlaps(stretch, windows) for stretch in found)
    return Matches(hit, len(windows) - hit, false)


def _episodes(times: Array, odd: Array) -> list[Stretch]:
    found: list[Stretch] = []
    for at in times[odd > 0].tolist():
        if found and at - found[-1][1] <= SAME_EPISODE:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def _beyond(times: Array, values: Array, robust: bool) -> list[Stretch]:
    """Samples further than three deviations from the middle of the thousand before."""
    odd = np.zeros(len(values))
    for number in range(10, len(values)):
        before = values[max(0, number - SAMPLES_BEFORE) : number]
        middle = np.median(before) if robust else before.mean()
        spread = MAD_TO_SIGMA * np.median(np.abs(before - middle)) if robust else before.std()
        odd[number] = abs(values[number] - middle) > SIGMAS * spread
    return _episodes(times, odd)


def _product(times: Array, values: Array) -> list[Stretch]:
    return [(each.start, each.end) for each in detect(times, values)]


METHODS: dict[str, Callable[[Array, Array], list[Stretch]]] = {
    PRODUCT: _product,
    "3 sigma": lambda times, values: _beyond(times, values, robust=False),
    "robust z": lambda times, values: _beyond(times, values, robust=True),
}


def outcomes(data: Path) -> Iterator[Outcome]:
    """F1 of each series, of all windows of a folder, and of all with one series left out."""
    root = data / "telemetry" / "nab"
    if not root.exists():
        return
    windows = {
        name.removesuffix(".csv"): [(epoch(start), epoch(end)) for start, end in found]
        for name, found in json.loads((root / "windows.json").read_text()).items()
    }
    by_method: dict[str, dict[str, Matches]] = {method: {} for method in METHODS}
    for path in sorted(root.rglob("*.csv.gz")):
        name = str(path.relative_to(root)).removesuffix(".csv.gz")
        times, values, _ = series(path)
        for method, find in METHODS.items():
            by_method[method][name] = matches(find(times, values), windows.get(name, []))
            yield Outcome(path.name, "window F1", method, (by_method[method][name].f1,))
    for method, by_name in by_method.items():
        for folder in sorted({name.split("/")[0] for name in by_name}):
            own = [each for name, each in by_name.items() if name.split("/")[0] == folder]
            yield Outcome(folder, "F1 of all windows", method, (sum(own, Matches()).f1,))
    for method, by_name in by_method.items():
        everything = list(by_name.values())
        yield Outcome("all", "F1 of all windows", method, (sum(everything, Matches()).f1,))
        without = tuple(
            sum((each for each in everything if each is not left_out), Matches()).f1
            for left_out in everything
        )
        yield Outcome("all", "F1 with one series left out", method, without)
