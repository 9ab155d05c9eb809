"""What was normal at this hour: a pulled series with the same hours of earlier days."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis.core.onset import Array
from analysis.sources.base import (
    Item,
    Series,
    SourceAnswer,
    SourceError,
    SourcePlugin,
    SourceQuery,
    Window,
)

DAYS = (1, 7)
JITTER_MARGIN = 2.0
"""The drawn band is wider than the values by so many median steps from sample to sample."""
AROUND = 600.0
"""Seconds by which a day's habits may shift and still be normal."""
MIN_SHARE = 0.5
"""A day with values for less of the window than this is not compared with."""


def with_earlier_days(
    plugin: SourcePlugin, query: SourceQuery, window: Window, answer: SourceAnswer, seconds: float
) -> SourceAnswer:
    """`answer` with the values of its series in the same hours of DAYS earlier.

    Takes at most `seconds`. A day that cannot be pulled is left out: no history is no failure.
    """
    until = time.monotonic() + seconds
    items: list[Item] = list(answer.items)
    for days in DAYS:
        left = until - time.monotonic()
        if left < 1.0:
            break
        ago = timedelta(days=days)
        try:
            then = plugin.pull(query, Window(window.start - ago, window.end - ago), left)
        except SourceError:
            continue
        items = _with_earlier(items, then.items, ago.total_seconds())
    return replace(answer, items=items)


def _with_earlier(items: Sequence[Item], then: Sequence[Item], ago: float) -> list[Item]:
    known = {_key(row): row for row in then if isinstance(row, Series)}
    out: list[Item] = []
    for item in items:
        past = known.get(_key(item)) if isinstance(item, Series) else None
        if isinstance(item, Series) and past and len(past.times) >= MIN_SHARE * len(item.times):
            at = np.asarray(past.times) + ago
            values = np.interp(np.asarray(item.times), at, np.asarray(past.values))
            item = replace(item, earlier=[*item.earlier, [float(f"{v:.6g}") for v in values]])
        out.append(item)
    return out


def _key(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))


def usual_range(
    times: Sequence[float], earlier: Sequence[Sequence[float]]
) -> tuple[Array, Array] | None:
    """Lowest and highest that every earlier day reached around each time; None without two days.

    What only one day had may have been an incident of that day: only what all days had is usual.
    """
    if len(earlier) < len(DAYS) or len(times) < 2:
        return None
    step = max(1e-9, float(np.median(np.diff(np.asarray(times)))))
    width = 2 * int(AROUND / step) + 1
    days = np.asarray(earlier, float)
    around = _around(days, width)
    low, high = around.min(-1).max(0), around.max(-1).min(0)
    return np.minimum(low, high), np.maximum(low, high)


def drawn_range(
    times: Sequence[float], values: Sequence[float], earlier: Sequence[Sequence[float]]
) -> tuple[Array, Array]:
    """The band to draw: what any earlier day reached around each time, widened by the usual jitter.

    What counts as a departure is stricter (`usual_range`).
    """
    step = max(1e-9, float(np.median(np.diff(np.asarray(times))))) if len(times) > 1 else 1.0
    width = 2 * int(AROUND / step) + 1
    days = np.asarray(earlier, float)
    jumps = np.abs(np.diff(np.asarray(values, float)))
    jitter = JITTER_MARGIN * float(np.median(jumps)) if len(jumps) else 0.0
    around = _around(days, width)
    return around.min((0, -1)) - jitter, around.max((0, -1)) + jitter


def _around(days: Array, width: int) -> Array:
    """For days × samples, the `width` (odd) samples around each: days × samples × width."""
    # Repeating the outermost sample adds nothing to a lowest or highest one.
    padded = np.pad(days, ((0, 0), (width // 2, width // 2)), mode="edge")
    return sliding_window_view(padded, width, axis=-1)
