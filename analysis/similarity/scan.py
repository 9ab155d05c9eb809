"""Exact top-k of a small segment: reads every posting of the query's terms, with NumPy alone.

Up to some ten thousand documents that takes about as long as the compiled loop (`kernel.py`), whose
compiler would cost each process 70 MB and the first question seconds.
"""

from __future__ import annotations

import numpy as np

from analysis.similarity.segment import Segment


def scan_segment(
    terms: np.ndarray,
    factors: np.ndarray,
    part: Segment,
    allowed: np.ndarray,
    best: np.ndarray,
    best_keys: np.ndarray,
    count: int,
) -> int:
    """Improve the `count` best so far with one segment; returns how many there are now.

    `terms` int64[m] are term numbers of the segment, ascending, at least one; `factors` float64[m]
    what a weight of 1 gives; `allowed` uint8 a row. `best` float64[k] and `best_keys` int64[k] are
    changed in place, best first, ties by key.
    """
    starts, ends = part.starts[2 * terms], part.starts[2 * terms + 2]
    lists = [slice(*each) for each in zip(starts.tolist(), ends.tolist(), strict=True)]
    rows = np.concatenate([part.rows[each] for each in lists])
    weights = np.concatenate([part.weights[each] for each in lists])
    scores = np.zeros(len(part))
    # One term after the other, as the compiled loop adds them: the same sums to the last bit.
    np.add.at(scores, rows, np.repeat(factors, ends - starts) * weights)
    scores[allowed == 0] = 0
    size = len(best)
    least = np.partition(scores, -size)[-size] if len(scores) > size else 0.0
    found = np.flatnonzero(scores >= least if least > 0 else scores)
    every = np.concatenate((best[:count], scores[found]))
    keys = np.concatenate((best_keys[:count], part.keys[found]))
    order = np.lexsort((keys, -every))[:size]
    best[: len(order)], best_keys[: len(order)] = every[order], keys[order]
    return len(order)
