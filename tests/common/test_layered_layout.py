"""The layout of graphs: columns by depth, lanes for long lines, cycles apart."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from common.layered_layout import layered
from common.svg_graph import BOX_HEIGHT, BOX_WIDTH, GAP_X, graph

STEP = BOX_WIDTH + GAP_X
NODES = st.integers(0, 12)


def test_a_line_over_two_columns_has_lanes_that_lines_of_one_box_share() -> None:
    found = layered([(1, 2), (2, 3), (3, 4), (1, 4), (1, 3)])
    assert found.depth == {1: 0, 2: 1, 3: 2, 4: 3}
    assert sorted(found.columns[1]) == [(1, 1), (2, 1)]
    assert sorted(found.columns[2]) == [(1, 2), (3, 2)]
    assert found.links.count(((1, 0), (1, 1))) == 1
    assert found.backward == []


def test_an_edge_that_closes_a_cycle_moves_nothing() -> None:
    found = layered([(1, 2), (2, 3), (3, 1), (4, 4)])
    assert found.backward == [(3, 1), (4, 4)]
    assert found.depth == {1: 0, 2: 1, 3: 2, 4: 0}


def test_what_is_linked_is_side_by_side() -> None:
    found = layered([(1, 6), (2, 5), (3, 4)])
    order = [[node for node, _ in column] for column in found.columns]
    assert order in ([[1, 2, 3], [6, 5, 4]], [[3, 2, 1], [4, 5, 6]])


@given(st.lists(st.tuples(NODES, NODES), min_size=1, max_size=40))
def test_no_line_crosses_a_box(edges: list[tuple[int, int]]) -> None:
    found = layered(edges)
    assert len(found.links) >= len(set(edges)) - len(found.backward)
    names = {node: (str(node), "", "") for edge in edges for node in edge}
    picture = graph([(start, end, 1) for start, end in edges], names, "x")
    boxes = [
        tuple(map(int, each))
        for each in re.findall(r'<rect class="box "[^>]* x="(\d+)" y="(\d+)"', picture)
    ]
    assert len(boxes) == len(names)
    assert len(set(boxes)) == len(names)
    for x, y in re.findall(r'd="M(\d+),(\d+) h176"', picture):
        along = [top for left, top in boxes if left == int(x) and top <= int(y) <= top + BOX_HEIGHT]
        assert along == [], "a lane runs beside the boxes of its column"
    for x1, x2 in re.findall(r'd="M(\d+),\d+ C[^ ]+ [^ ]+ (\d+),', picture):
        assert int(x1) % STEP == BOX_WIDTH, "a curve is between columns"
        assert int(x2) % STEP == 0
