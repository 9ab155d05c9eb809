"""What a method reached on each case of a system, and tables of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

PRODUCT = "Causebook"
RESAMPLES = 2000
SEED = 20_260_101


@dataclass(frozen=True)
class Outcome:
    """The values of one figure that `method` reached on the cases of `system`.

    Methods of one system and figure have their values in the same order of cases, so that they can
    be compared in pairs. A figure that is no mean over cases has one value.
    """

    system: str
    figure: str
    method: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values)) if self.values else float("nan")


def interval(values: Iterable[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean (percentile method: Efron and Tibshirani, 1993)."""
    found = np.array(list(values), dtype=float)
    if len(found) < 2:
        return (float("nan"), float("nan"))
    picks = np.random.default_rng(SEED).integers(0, len(found), (RESAMPLES, len(found)))
    low, high = np.percentile(found[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A Markdown table; baselines get the interval of their paired difference to the product."""
    found = list(outcomes)
    product = {(each.system, each.figure): each for each in found if each.method == PRODUCT}
    yield "| system | figure | method | cases | mean | 95 % | product minus this, 95 % |"
    yield "|---|---|---|---|---|---|---|"
    for each in found:
        paired = ""
        ours = product.get((each.system, each.figure))
        if each.method != PRODUCT and ours and len(ours.values) == len(each.values):
            apart = np.subtract(ours.values, each.values)
            paired = f"{apart.mean():+.3f} {_range(apart)}"
        yield (
            f"| {each.system} | {each.figure} | {each.method} | {len(each.values)} "
            f"| {each.mean:.3f} | {_range(each.values)} | {paired} |"
        )


def _range(values: Iterable[float]) -> str:
    low, high = interval(values)
    return "" if np.isnan(low) else f"{low:+.3f} to {high:+.3f}"
