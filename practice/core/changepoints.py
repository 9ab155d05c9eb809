"""Detects runs that differ from the runs before them by more than chance.

No Django in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MOST_RUNS = 12
"""Runs that the newest is compared with."""
FEWEST_RUNS = 3
"""From which their spread can be estimated."""
SPREADS = 4.0
"""A value this many spreads away is a change; a spread is the scaled median absolute deviation."""
SMALLEST_SHARE = 0.1
"""Smaller changes, relative to the usual value, are not reported."""
SHARE_WITHOUT_SPREAD = 0.25
"""With fewer runs than FEWEST_RUNS, the relative difference that counts as a change."""


@dataclass(frozen=True)
class Shift:
    """`usual` is the median before; `share` the change relative to it (0.2: a fifth more)."""

    usual: float
    value: float
    share: float


def shift(before: Sequence[float], value: float) -> Shift | None:
    """The change of `value` against the runs before it (oldest first); None where there is none.

    After a lasting change, only the runs since then are compared with.
    """
    past = _comparable(before)
    if not len(past) or not np.isfinite(value):
        return None
    usual = float(np.median(past))
    if usual == 0:
        return Shift(usual, value, float("inf")) if value > 0.001 else None
    share = (value - usual) / abs(usual)
    if len(past) < FEWEST_RUNS:
        return Shift(usual, value, share) if abs(share) > SHARE_WITHOUT_SPREAD else None
    spread = 1.4826 * float(np.median(np.abs(past - usual)))
    if abs(value - usual) <= SPREADS * spread or abs(share) < SMALLEST_SHARE:
        return None
    return Shift(usual, value, share)


def usual_value(before: Sequence[float]) -> float | None:
    """The median of the runs that a next one is compared with; None where there are none."""
    past = _comparable(before)
    return float(np.median(past)) if len(past) else None


def _comparable(before: Sequence[float]) -> FloatArray:
    past = np.asarray([each for each in before if np.isfinite(each)][-MOST_RUNS:], float)
    return past[_since_last_change(past) :]


def _since_last_change(past: FloatArray) -> int:
    """The index of the first run since which all values are apart from all those before."""
    for cut in range(len(past) - 2, 1, -1):
        old, new = past[:cut], past[cut:]
        gap = max(new.min() - old.max(), old.min() - new.max())
        if len(new) >= 2 and gap > SMALLEST_SHARE * abs(float(np.median(old))):
            return cut
    return 0
