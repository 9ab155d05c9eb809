"""Directed graphs as SVG, left to right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.utils.safestring import SafeString

from common import svg

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 176, 34, 44, 12
BOX_LETTERS = 28


def graph(
    edges: Iterable[tuple[int, int, int]], names: Mapping[int, tuple[str, str, str]], label: str
) -> SafeString:
    """A graph of (from, to, times).

    `names` gives each node its text, path and CSS class; `label` says what the graph shows.
    """
    edges = list(edges)
    if not edges:
        return svg.NOTHING
    corners = _corners([(start, end) for start, end, _ in edges])
    parts = [svg.element("defs", _arrow_head())]
    for start, end, times in edges:
        (x1, y1), (x2, y2) = corners[start], corners[end]
        x1, y1, y2 = x1 + BOX_WIDTH, y1 + BOX_HEIGHT // 2, y2 + BOX_HEIGHT // 2
        parts.append(edge(x1, y1, x2, y2, marker_end="url(#arrow)"))
        if times > 1:
            parts.append(svg.text(f"{times} ×", (x1 + x2) // 2, (y1 + y2) // 2 - 4))
    for node, (x, y) in corners.items():
        words, path, css_class = names[node]
        parts.append(box(x, y, BOX_WIDTH, BOX_HEIGHT, words, css_class, path, BOX_LETTERS))
    width = max(x for x, _ in corners.values()) + BOX_WIDTH + 2
    height = max(y for _, y in corners.values()) + BOX_HEIGHT + 2
    return svg.drawing(
        *parts,
        label=label,
        width=width,
        height=height,
        left=-1,
        top=-1,
        interactive=True,
        fixed_size=True,
        class_="chain",
    )


def edge(
    x1: float, y1: float, x2: float, y2: float, **attributes: str | float | None
) -> SafeString:
    """A curve that leaves and arrives horizontally."""
    bend = (x1 + x2) / 2
    route = f"M{x1:.0f},{y1:.0f} C{bend:.0f},{y1:.0f} {bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    return svg.element("path", class_="edge", d=route, **attributes)


def box(
    x: float, y: float, width: int, height: int, words: str, css_class: str, path: str, letters: int
) -> SafeString:
    """A box with the first `letters` of its text, the whole as its tooltip; with a path, a link."""
    short = words if len(words) <= letters else words[: letters - 1] + "…"
    return svg.link(
        path,
        svg.element(
            "rect", class_=f"box {css_class}", x=round(x), y=round(y), width=width, height=height,
            rx=6,
        ),
        svg.element(
            "text", short, svg.tooltip(words), x=round(x + 9), y=round(y + height / 2 + 4)
        ),
    )  # fmt: skip


def _arrow_head() -> SafeString:
    return svg.element(
        "marker",
        svg.element("path", class_="head", d="M0,0 L8,4 L0,8 z"),
        id="arrow", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=7, markerHeight=7,
        orient="auto",
    )  # fmt: skip


def _corners(edges: Sequence[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """The upper left corner of each node's box: a column for each depth."""
    depth = _depths(edges)
    columns: dict[int, list[int]] = {}
    for node in sorted(depth, key=lambda node: (depth[node], node)):
        columns.setdefault(depth[node], []).append(node)
    return {
        node: (column * (BOX_WIDTH + GAP_X), row * (BOX_HEIGHT + GAP_Y))
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }


def _depths(edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many nodes come before each; edges that would close a cycle are ignored."""
    depth = {node: 0 for edge in edges for node in edge}
    for _ in range(len(depth)):
        for earlier, later in edges:
            if depth[later] <= depth[earlier] < len(depth) - 1:
                depth[later] = depth[earlier] + 1
    return depth
