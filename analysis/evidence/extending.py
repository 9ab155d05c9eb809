"""Extends frozen evidence by what its source has since then: windows grow, they do not repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from analysis.models import Evidence, EvidenceRequest
from analysis.sources.base import MAX_LINES, MAX_POINTS, MAX_SERIES, SourceAnswer, Window

OVERLAP = timedelta(minutes=5)
"""Pulled once more, as samples and lines arrive late."""
GROWING = (Evidence.Kind.SERIES, Evidence.Kind.LINES)
"""Kinds that are joined; of another kind the newest answer replaces the one before."""
MAX_GAPS = 10
TOO_MANY_LINES = f"Of more than {MAX_LINES} lines the earliest and the newest half are stored."
TOO_MANY_SERIES = f"More than {MAX_SERIES} series matched over time; the first are stored."

Item = dict[str, Any]


def window_to_pull(request: EvidenceRequest, stored: Evidence | None) -> Window:
    """What of a request's window is not stored yet; all of it, where it now begins earlier."""
    whole = Window(request.window_start, request.window_end)
    if stored is None or stored.kind not in GROWING or whole.start < stored.window_start:
        return whole
    # From a whole minute: of a source that counts by the minute, half a minute would be wrong.
    since = (stored.window_end - OVERLAP).replace(second=0, microsecond=0)
    return Window(max(whole.start, since), whole.end)


def extended(
    stored: Evidence | None, answer: SourceAnswer, pulled: Window
) -> tuple[list[Item], list[str]]:
    """Items and gaps of `stored` with those of `answer`, which covers the window `pulled`.

    What the source has deleted since stays. Within `pulled` the answer replaces samples; lines
    are united.
    """
    new = [item.as_item() for item in answer.items]
    old = stored.items() if stored else []
    if stored is None or not old:
        return new, list(answer.gaps)
    if stored.kind not in GROWING:
        return (new, list(answer.gaps)) if new else (old, list(stored.gaps))
    start, end = pulled.start.timestamp(), pulled.end.timestamp()
    gaps = [*stored.gaps, *answer.gaps] if new else list(stored.gaps)
    if stored.kind == Evidence.Kind.LINES:
        items = _united_lines(old, new, start, end)
        if len(items) > MAX_LINES:
            items = [*items[: MAX_LINES // 2], *items[-MAX_LINES // 2 :]]
            gaps.append(TOO_MANY_LINES)
    else:
        items = _joined_series(old, new, start, end)
        if len(items) > MAX_SERIES:
            items = items[:MAX_SERIES]
            gaps.append(TOO_MANY_SERIES)
    return items, list(dict.fromkeys(gaps))[-MAX_GAPS:]


def _united_lines(old: Sequence[Item], new: Sequence[Item], start: float, end: float) -> list[Item]:
    """Both in the order of time; a line that both have is there as often as in one of them."""
    seen_again = Counter((item["at"], item["text"]) for item in new)
    only_old = []
    for item in old:
        key = (item["at"], item["text"])
        if start <= item["at"] <= end and seen_again[key]:
            seen_again[key] -= 1
        else:
            only_old.append(item)
    return sorted([*only_old, *new], key=lambda item: item["at"])


def _joined_series(
    old: Sequence[Item], new: Sequence[Item], start: float, end: float
) -> list[Item]:
    by_labels = {_labels(item): item for item in new}
    joined = [_joined(item, by_labels.pop(_labels(item), None), start, end) for item in old]
    return joined + list(by_labels.values())


def _labels(item: Item) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(item["labels"].items()))


def _joined(old: Item, new: Item | None, start: float, end: float) -> Item:
    """The samples of `old` outside of the window and all of `new`, in the order of time."""
    if new is None or not new["times"]:
        return old
    # Sources round a window to their own steps.
    start, end = min(start, new["times"][0]), max(end, new["times"][-1])
    times = np.asarray(old["times"])
    before, after = times < start, times > end
    # A day that one of both could not be compared with is of no use for the whole.
    days = list(zip(old.get("earlier", []), new.get("earlier", []), strict=False))
    rows = [
        [*np.asarray(then)[before].tolist(), *now, *np.asarray(then)[after].tolist()]
        for then, now in [
            (old["times"], new["times"]),
            (old["values"], new["values"]),
            *days,
        ]
    ]
    times_now, values, *earlier = _thinned(rows)
    item = {"labels": old["labels"], "times": times_now, "values": values}
    return {**item, "earlier": earlier} if earlier else item


def _thinned(rows: list[list[float]]) -> list[list[float]]:
    """Rows of samples, of which the first are times, at evenly spaced times: MAX_POINTS at most.

    The step is doubled until they fit, so that steps of different ages are multiples.
    """
    times = np.asarray(rows[0])
    if len(times) <= MAX_POINTS:
        return rows
    step = float(np.median(np.diff(times)))
    kept = np.arange(len(times))
    while len(kept) > MAX_POINTS:
        step *= 2
        _, kept = np.unique(times // step, return_index=True)
    return [np.asarray(row)[kept].tolist() for row in rows]
