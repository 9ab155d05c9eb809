"""Whether a run differs from those before it by more than they differ among themselves.

No Django in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BEFORE = 12
"""Runs that the newest is compared with."""
ENOUGH = 3
SPREADS = 4.0
"""How many spreads apart is no chance; a spread is the scaled median absolute deviation."""
LEAST = 0.1
"""A change of less than this share of the usual is not worth a word."""
WITHOUT_SPREAD = 0.25
"""Where too few runs tell how far they spread, the share that counts as a change."""


@dataclass(frozen=True)
class Shift:
    """`usual` is the median before; `share` the change relative to it (0.2: a fifth more)."""

    usual: float
    value: float
    share: float


def shift(before: Sequence[float], value: float) -> Shift | None:
    """The change of `value` against the runs before it, oldest first; None where there is none.

    Runs before an earlier lasting change do not count: only those since it are usual.
    """
    past = np.asarray([each for each in before if np.isfinite(each)][-BEFORE:], float)
    past = past[_since_last_change(past) :]
    if not len(past) or not np.isfinite(value):
        return None
    usual = float(np.median(past))
    if usual == 0:
        return Shift(usual, value, float("inf")) if value > 0.001 else None
    share = (value - usual) / abs(usual)
    if len(past) < ENOUGH:
        return Shift(usual, value, share) if abs(share) > WITHOUT_SPREAD else None
    spread = 1.4826 * float(np.median(np.abs(past - usual)))
    if abs(value - usual) <= SPREADS * spread or abs(share) < LEAST:
        return None
    return Shift(usual, value, share)


def _since_last_change(past: np.ndarray) -> int:
    """Where the newest stretch begins that lies wholly apart from what was before it."""
    for cut in range(len(past) - 2, 1, -1):
        old, new = past[:cut], past[cut:]
        apart = max(new.min() - old.max(), old.min() - new.max())
        if len(new) >= 2 and apart > LEAST * abs(float(np.median(old))):
            return cut
    return 0
