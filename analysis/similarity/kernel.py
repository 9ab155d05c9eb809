"""The compiled hot loop: exact top-k of one segment, reading as few postings as it can.

Method: MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995) term at
a time. Terms with the highest possible score for the fewest postings come first. Once what is left
cannot lift an unseen document over the k-th best, no new ones are collected: the remaining postings
only narrow down the documents seen so far, until it is cheaper to score these in full from their
own rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from analysis.similarity.segment import Segment

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
    at = count if count < size else size - 1
    while at > 0 and _better(score, key, scores[at - 1], keys[at - 1]):
        scores[at] = scores[at - 1]
        keys[at] = keys[at - 1]
        at -= 1
    scores[at] = score
    keys[at] = key
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
    for at in range(row_starts[row], row_starts[row + 1]):
        term = row_terms[at]
        slot = _slot(term, mask)
        while slots[slot] >= 0:
            if slots[slot] == term:
                score += values[slot] * row_weights[at]
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
    """Posting lists to read: each from, to and its index in `terms`; their bounds; their order.

    A term's few high postings are a list of their own and always come before its others: once they
    are read, the others can add only the usual.
    """
    lists = np.empty((2 * len(terms), 3), np.int64)
    bounds = np.empty(2 * len(terms))
    worth = np.empty(2 * len(terms))
    filled = 0
    for at in range(len(terms)):
        term = terms[at]
        start, middle, end = starts[2 * term], starts[2 * term + 1], starts[2 * term + 2]
        above = factors[at] * (np.float64(highest[term]) - np.float64(usual[term]))
        below = factors[at] * usual[term]
        if middle == end:
            above += below
        if start < middle:
            lists[filled] = start, middle, at
            bounds[filled] = above
            worth[filled] = above / (middle - start)
            filled += 1
        if middle < end:
            lists[filled] = middle, end, at
            bounds[filled] = below
            worth[filled] = below / (end - middle)
            if start < middle and worth[filled] >= worth[filled - 1]:
                worth[filled - 1 : filled + 1] = (above + below) / (end - start)
            filled += 1
    # A stable sort keeps the two of equal worth in their order.
    order = np.argsort(-worth[:filled], kind="mergesort")
    return lists[:filled], bounds[:filled], order


@njit(cache=True, nogil=True)
def _lower_bound(row: int, rows: np.ndarray, low: int, high: int) -> int:
    """The first position from low to high whose row is not below `row`."""
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
    seen: np.ndarray,
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
        ends[each] = _lower_bound(beyond, rows, reached[each], lists[each, 1])
        unread += ends[each] - reached[each]
    likely = np.zeros(2 * most)
    likely_rows = np.zeros(2 * most, np.int64)
    seen_count = 0
    score_likely_at = 4 * most
    step = 0
    while step < len(order):
        closed = count == most and rest[step] * SLACK < best[most - 1]
        if closed:
            filled = 0
            for at in range(seen_count):
                row = seen[at]
                seen[filled] = row
                filled += (partial[row] + rest[step]) * SLACK >= best[most - 1]
            seen_count = filled
            if seen_count * FULL_SCORE_COST <= unread:
                break
        each = order[step]
        factor = np.float32(factors[lists[each, 2]])
        # No branches in these two loops: a mispredicted one costs more than the addition. Unsigned
        # indexes, as signed ones would be checked for counting from the end.
        if closed:
            for at in range(reached[each], ends[each]):
                partial[np.uint64(rows[at] - base)] += factor * weights[at]
        else:
            for at in range(reached[each], ends[each]):
                row = np.uint64(rows[at] - base)
                before = partial[row]
                seen[seen_count] = row
                seen_count += before == 0
                partial[row] = before + factor * weights[at]
        unread -= ends[each] - reached[each]
        step += 1
        if seen_count >= score_likely_at:
            # Score the most promising in full: that raises the threshold early.
            score_likely_at = 2 * seen_count
            likely[:] = 0
            filled = 0
            for at in range(seen_count):
                row = seen[at]
                if partial[row] > likely[-1] and allowed[base + row]:
                    filled = _offer(partial[row], row, likely, likely_rows, filled)
            for at in range(filled):
                row = likely_rows[at]
                if count == most and partial[row] <= best[most - 1]:
                    break  # not sure to raise it
                score = _full_score(base + row, slots, values, row_starts, row_terms, row_weights)
                count = _offer(score, keys[base + row], best, best_keys, count)
                partial[row] = DONE
    for at in range(seen_count):
        row = seen[at]
        if (
            partial[row] > 0
            and allowed[base + row]
            and (count < most or (partial[row] + rest[step]) * SLACK >= best[most - 1])
        ):
            score = _full_score(base + row, slots, values, row_starts, row_terms, row_weights)
            count = _offer(score, keys[base + row], best, best_keys, count)
    reached[:] = ends
    return count


def search_segment(
    terms: np.ndarray,
    factors: np.ndarray,
    part: Segment,
    allowed: np.ndarray,
    best: np.ndarray,
    best_keys: np.ndarray,
    count: int,
) -> int:
    """The same as `scan_segment`, for a segment of any size."""
    return _search(
        terms, factors, part.keys, allowed, part.highest, part.usual, part.starts, part.rows,
        part.weights, part.row_starts, part.row_terms, part.row_weights, best, best_keys, count,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _search(
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
    lists, bounds, order = _lists(terms, factors, highest, usual, starts)
    rest = np.zeros(len(order) + 1)
    for at in range(len(order) - 1, -1, -1):
        rest[at] = rest[at + 1] + bounds[order[at]]

    # Mostly empty slots: nearly all terms of a document are none of the query's, and a slot that
    # another term occupies is one more branch that nobody can predict.
    size = 16
    while size < 16 * len(terms):
        size *= 2
    slots = np.full(size, -1, np.int32)
    values = np.zeros(size)
    for at in range(len(terms)):
        slot = _slot(terms[at], size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = terms[at]
        values[slot] = factors[at]

    partial = np.empty(min(BLOCK, len(keys)), np.float32)
    seen = np.empty(len(partial) + 1, np.int32)
    reached = lists[:, 0].copy()
    for base in range(0, len(keys), BLOCK):
        partial[:] = 0
        count = _search_block(
            base, min(base + BLOCK, len(keys)), order, lists, reached, rest, factors, partial, seen,
            slots, values, keys, allowed, rows, weights, row_starts, row_terms, row_weights,
            best, best_keys, count,
        )  # fmt: skip
    return count
