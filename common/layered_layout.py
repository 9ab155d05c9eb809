"""Where the boxes and lines of a directed graph go, so that no line crosses a box.

A column for each depth. A line to a column further on has a lane of its own, as wide as a box, in
every column between; lines from one box share their lanes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

SWEEPS = 4
"""How often columns are ordered by what they are linked with."""
Edge = tuple[int, int]
Slot = tuple[int, int]
"""(node, column): a box in its own column, a lane of its lines in others."""


@dataclass
class Layout:
    columns: list[list[Slot]]
    """from top to bottom"""
    depth: dict[int, int]
    """The column of each node's box."""
    links: list[tuple[Slot, Slot]] = field(default_factory=list)
    """between neighbouring columns"""
    backward: list[Edge] = field(default_factory=list)
    """those that would close a cycle"""


def layered(edges: Sequence[Edge]) -> Layout:
    """Columns and links of a graph, each edge once."""
    forward, backward = _without_cycles(edges)
    depth = {node: 0 for edge in backward for node in edge} | _depths(forward)
    found = Layout([[] for _ in range(max(depth.values(), default=-1) + 1)], depth)
    found.backward = backward
    for node in sorted(depth):
        found.columns[depth[node]].append((node, depth[node]))
    lanes = set()
    for start, end in forward:
        before = (start, depth[start])
        for column in range(depth[start] + 1, depth[end]):
            lane = (start, column)
            if lane not in lanes:
                lanes.add(lane)
                found.columns[column].append(lane)
                found.links.append((before, lane))
            before = lane
        found.links.append((before, (end, depth[end])))
    _order(found)
    return found


def _order(layout: Layout) -> None:
    """Bring what is linked near each other: each slot to the mean place of its neighbours."""
    left: dict[Slot, list[Slot]] = {}
    right: dict[Slot, list[Slot]] = {}
    for before, after in layout.links:
        right.setdefault(before, []).append(after)
        left.setdefault(after, []).append(before)
    places = {slot: place for each in layout.columns for place, slot in enumerate(each)}

    def mean(slot: Slot, neighbours: dict[Slot, list[Slot]]) -> float:
        others = neighbours.get(slot, [slot])
        return sum(places[other] for other in others) / len(others)

    for sweep in range(SWEEPS):
        leftwards = sweep % 2 == 1
        neighbours = right if leftwards else left
        for column in reversed(layout.columns) if leftwards else layout.columns:
            means = {slot: mean(slot, neighbours) for slot in column}
            column.sort(key=means.__getitem__)
            places.update((slot, place) for place, slot in enumerate(column))


def _without_cycles(edges: Sequence[Edge]) -> tuple[list[Edge], list[Edge]]:
    """Edges of which none leads back, and the others. From each node in depth first."""
    after: dict[int, list[int]] = {}
    for start, end in dict.fromkeys(edges):
        after.setdefault(start, []).append(end)
    forward: list[Edge] = []
    backward: list[Edge] = []
    seen: set[int] = set()
    for root in after:
        path: dict[int, deque[int]] = {} if root in seen else {root: deque(after[root])}
        seen.add(root)
        while path:
            node, waiting = next(reversed(path.items()))
            if not waiting:
                del path[node]
                continue
            end = waiting.popleft()
            (backward if end in path else forward).append((node, end))
            if end not in seen:
                seen.add(end)
                path[end] = deque(after.get(end, ()))
    return forward, backward


def _depths(edges: Sequence[Edge]) -> dict[int, int]:
    """How many nodes come before each, on the longest way; without cycles."""
    depth = {node: 0 for edge in edges for node in edge}
    before = dict.fromkeys(depth, 0)
    after: dict[int, list[int]] = {}
    for start, end in edges:
        before[end] += 1
        after.setdefault(start, []).append(end)
    ready = [node for node, count in before.items() if not count]
    for node in ready:
        for end in after.get(node, ()):
            depth[end] = max(depth[end], depth[node] + 1)
            before[end] -= 1
            if not before[end]:
                ready.append(end)
    return depth
