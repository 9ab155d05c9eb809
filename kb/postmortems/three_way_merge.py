"""Three-way merge of a text that two people edited, so that no sentence of either is lost."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise


def merge_texts(base: str, mine: str, theirs: str) -> tuple[str, int]:
    """Both edits of `base` in one text, and the number of conflicts: lines that both changed.

    A conflict has both versions, theirs first. Works by lines, as diff3 does (Khanna, Kunal
    and Pierce, A Formal Investigation of Diff3, 2007).
    """
    lines, left, right = (_lines(text) for text in (base, mine, theirs))
    in_left, in_right = _matches(lines, left), _matches(lines, right)
    anchors = [-1, *sorted(in_left.keys() & in_right.keys()), len(lines)]
    in_left |= {-1: -1, len(lines): len(left)}
    in_right |= {-1: -1, len(lines): len(right)}
    merged: list[str] = []
    conflicts = 0
    for before, anchor in pairwise(anchors):
        was = lines[before + 1 : anchor]
        ours = left[in_left[before] + 1 : in_left[anchor]]
        other = right[in_right[before] + 1 : in_right[anchor]]
        if ours in (was, other):
            merged += other
        elif other == was:
            merged += ours
        else:
            conflicts += 1
            merged += _both(other, ours)
        if anchor < len(lines):
            merged.append(lines[anchor])
    return "".join(merged), conflicts


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    """Line of `base` → the same line of `other`, in order."""
    return {
        block.a + step: block.b + step
        for block in SequenceMatcher(None, base, other).get_matching_blocks()
        for step in range(block.size)
    }


def _both(theirs: list[str], mine: list[str]) -> list[str]:
    shared = set(theirs)
    own = [line for line in mine if line not in shared or not line.strip()]
    if not any(line.strip() for line in own):
        return theirs
    gap = ["\n"] if theirs and theirs[-1].strip() else []
    return [*theirs, *gap, *own]
