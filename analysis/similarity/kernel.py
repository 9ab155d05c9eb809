"""The compiled hot loop: exact top-k of one segment, reading as few postings as it can.

Method: MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995) term at
a time. Terms with the highest possible score for the fewest postings come first. Once what is left
cannot lift a document nobody has met yet over the k-th best, no new ones are met: the remaining
postings only narrow down the documents met so far, until it is cheaper to score these in full from
their own rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SLACK = 1.0 + 1e-3
"""Partial sums are 32-bit: a bound must exceed the threshold by more than their rounding."""
BLOCK = 1 << 17
"""Rows searched at a time: their partial sums fit the processor's cache, and what one block finds
raises the threshold for the next."""
DONE = np.float32(-1e30)
"""The partial sum of a document that was scored in full."""
FULL_SCORE_COST = 3000
"""Scoring one document in full takes about as long as reading this many postings."""


@njit(cache=True, nogil=True)
def _better(score: float, key: int, other: float, other_key: int) -> bool:
    return score > other or (score == other and key < other_key)


@njit(cache=True, nogil=True)
def _offer(score: float, key: int, scores: np.ndarray, keys: np.ndarray, count: int) -> int:
    """Insert into the descending list of the best; returns how many it holds."""
    size = len(scores)
    if count == size and not _better(score, key, scores[size - 1], keys[size - 1]):
        return count
    place = count if count < size else size - 1
    while place > 0 and _better(score, key, scores[place - 1], keys[place - 1]):
        scores[place] = scores[place - 1]
        keys[place] = keys[place - 1]
        place -= 1
    scores[place] = score
    keys[place] = key
    return min(count + 1, size)


@njit(cache=True, nogil=True)
def _slot(term: int, mask: int) -> int:
    return ((term * 2654435761) >> 12) & mask


@njit(cache=True, nogil=True)
def _full_score(
    row: int,
    slots: np.ndarray,
    values: np.ndarray,
    row_starts: np.ndarray,
    row_terms: np.ndarray,
    row_weights: np.ndarray,
) -> float:
    """The document's score, summed in the order of its terms' hashes: the same in any segment."""
    mask = len(slots) - 1
    score = 0.0
    for place in range(row_starts[row], row_starts[row + 1]):
        term = row_terms[place]
        slot = _slot(term, mask)
        while slots[slot] >= 0:
            if slots[slot] == term:
                score += values[slot] * row_weights[place]
                break
            slot = (slot + 1) & mask
    return score


@njit(cache=True, nogil=True)
def _lists(
    terms: np.ndarray,
    factors: np.ndarray,
    highest: np.ndarray,
    usual: np.ndarray,
    starts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posting lists to read: each from, to and its place in `terms`; their bounds; their order.

    A term's few high postings are a list of their own and always come before its others: once they
    are read, the others can add only the usual.
    """
    lists = np.empty((2 * len(terms), 3), np.int64)
    bounds = np.empty(2 * len(terms))
    worth = np.empty(2 * len(terms))
    held = 0
    for place in range(len(terms)):
        term = terms[place]
        start, middle, end = starts[2 * term], starts[2 * term + 1], starts[2 * term + 2]
        above = factors[place] * (np.float64(highest[term]) - np.float64(usual[term]))
        below = factors[place] * usual[term]
        if middle == end:
            above += below
        if start < middle:
            lists[held] = start, middle, place
            bounds[held] = above
            worth[held] = above / (middle - start)
            held += 1
        if middle < end:
            lists[held] = middle, end, place
            bounds[held] = below
            worth[held] = below / (end - middle)
            if start < middle and worth[held] >= worth[held - 1]:
                worth[held - 1 : held + 1] = (above + below) / (end - start)
            held += 1
    # A stable sort keeps the two of equal worth in their order.
    order = np.argsort(-worth[:held], kind="mergesort")
    return lists[:held], bounds[:held], order


@njit(cache=True, nogil=True)
def _place_of(row: int, rows: np.ndarray, low: int, high: int) -> int:
    """The first place from low to high whose row is not below `row`."""
    while low < high:
        middle = (low + high) >> 1
        if rows[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _search_block(
    base: int,
    beyond: int,
    order: np.ndarray,
    lists: np.ndarray,
    reached: np.ndarray,
    rest: np.ndarray,
    factors: np.ndarray,
    partial: np.ndarray,
    met: np.ndarray,
    slots: np.ndarray,
    values: np.ndarray,
    keys: np.ndarray,
    allowed: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    row_starts: np.ndarray,
    row_terms: np.ndarray,
    row_weights: np.ndarray,
    best: np.ndarray,
    best_keys: np.ndarray,
    count: int,
) -> int:
    """The rows from base to beyond. `partial` is zero; `reached` is where the lists got to."""
    most = len(best)
    ends = np.empty(len(order), np.int64)
    unread = 0
    for each in range(len(order)):
        ends[each] = _place_of(beyond, rows, reached[each], lists[each, 1])
        unread += ends[each] - reached[each]
    likely = np.zeros(2 * most)
    likely_rows = np.zeros(2 * most, np.int64)
    meetings = 0
    look_again = 4 * most
    step = 0
    while step < len(order):
        closed = count == most and rest[step] * SLACK < best[most - 1]
        if closed:
            held = 0
            for place in range(meetings):
                row = met[place]
                met[held] = row
                held += (partial[row] + rest[step]) * SLACK >= best[most - 1]
            meetings = held
            if meetings * FULL_SCORE_COST <= unread:
                break
        each = order[step]
        factor = np.float32(factors[lists[each, 2]])
        # No branches in these two loops: a mispredicted one costs more than the addition. Unsigned
        # places, as signed ones would be asked whether they count from the end.
        if closed:
            for place in range(reached[each], ends[each]):
                partial[np.uint64(rows[place] - base)] += factor * weights[place]
        else:
            for place in range(reached[each], ends[each]):
                row = np.uint64(rows[place] - base)
                before = partial[row]
                met[meetings] = row
                meetings += before == 0
                partial[row] = before + factor * weights[place]
        unread -= ends[each] - reached[each]
        step += 1
        if meetings >= look_again:
            # Score the most promising in full: that raises the threshold early.
            look_again = 2 * meetings
            likely[:] = 0
            held = 0
            for place in range(meetings):
                row = met[place]
                if partial[row] > likely[-1] and allowed[base + row]:
                    held = _offer(partial[row], row, likely, likely_rows, held)
            for place in range(held):
                row = likely_rows[place]
                if count == most and partial[row] <= best[most - 1]:
                    break  # not sure to raise it
                score = _full_score(base + row, slots, values, row_starts, row_terms, row_weights)
                count = _offer(score, keys[base + row], best, best_keys, count)
                partial[row] = DONE
    for place in range(meetings):
        row = met[place]
        if (
            partial[row] > 0
            and allowed[base + row]
            and (count < most or (partial[row] + rest[step]) * SLACK >= best[most - 1])
        ):
            score = _full_score(base + row, slots, values, row_starts, row_terms, row_weights)
            count = _offer(score, keys[base + row], best, best_keys, count)
    reached[:] = ends
    return count


@njit(cache=True, nogil=True)
def search_segment(
    terms: np.ndarray,
    factors: np.ndarray,
    keys: np.ndarray,
    allowed: np.ndarray,
    highest: np.ndarray,
    usual: np.ndarray,
    starts: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    row_starts: np.ndarray,
    row_terms: np.ndarray,
    row_weights: np.ndarray,
    best: np.ndarray,
    best_keys: np.ndarray,
    count: int,
) -> int:
    """Improve the `count` best found so far with one segment; returns how many there are now.

    `terms` int64[m] are term numbers of the segment, `factors` float64[m] what a weight of 1 gives.
    `best` float64[k] and `best_keys` int64[k] are changed in place, best first.
    """
    lists, bounds, order = _lists(terms, factors, highest, usual, starts)
    rest = np.zeros(len(order) + 1)
    for place in range(len(order) - 1, -1, -1):
        rest[place] = rest[place + 1] + bounds[order[place]]

    # Mostly empty slots: nearly all terms of a document are none of the question's, and a slot that
    # another term holds is one more branch that nobody can predict.
    size = 16
    while size < 16 * len(terms):
        size *= 2
    slots = np.full(size, -1, np.int32)
    values = np.zeros(size)
    for place in range(len(terms)):
        slot = _slot(terms[place], size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = terms[place]
        values[slot] = factors[place]

    partial = np.empty(min(BLOCK, len(keys)), np.float32)
    met = np.empty(len(partial) + 1, np.int32)
    reached = lists[:, 0].copy()
    for base in range(0, len(keys), BLOCK):
        partial[:] = 0
        count = _search_block(
            base, min(base + BLOCK, len(keys)), order, lists, reached, rest, factors, partial, met,
            slots, values, keys, allowed, rows, weights, row_starts, row_terms, row_weights,
            best, best_keys, count,
        )  # fmt: skip
    return count
