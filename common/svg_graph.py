"""Directed graphs as SVG, left to right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.utils.safestring import SafeString

from common import svg
from common.layered_layout import Layout, Slot, layered

BOX_WIDTH, BOX_HEIGHT, LANE_HEIGHT, GAP_X, GAP_Y = 176, 34, 4, 44, 12
BOX_LETTERS = 28


def graph(
    edges: Iterable[tuple[int, int, int]], names: Mapping[int, tuple[str, str, str]], label: str
) -> SafeString:
    """A graph of (from, to, times).

    `names` gives each node its text, path and CSS class; `label` says what the graph shows.
    """
    times = {(start, end): count for start, end, count in edges}
    if not times:
        return svg.NOTHING
    layout = layered(list(times))
    middles = _middles(layout)
    bottom = max(middles.values()) + BOX_HEIGHT / 2
    parts = [svg.element("defs", _arrow_head())]
    targets: dict[int, list[int]] = {}
    for start, end in times:
        targets.setdefault(start, []).append(end)
    for before, after in layout.links:
        node, column = after
        arrives = layout.depth[node] == column
        # The lines of a box share a lane: this is of those that end further on.
        beyond = [end for end in targets.get(node, ()) if layout.depth[end] > column]
        parts.extend(_link(before, after, middles, arrives, [node] if arrives else beyond))
    for number, (start, end) in enumerate(layout.backward, 1):
        ends = [(node, layout.depth[node]) for node in (start, end)]
        parts.append(_way_back(ends[0], ends[1], middles, bottom + number * LANE_HEIGHT))
    for (_, end), count in times.items():
        if count > 1:
            x, y = _left(layout.depth[end]), middles[end, layout.depth[end]]
            parts.append(svg.text(f"{count} ×", x - 4, y - 8, text_anchor="end"))
    for node, column in layout.depth.items():
        words, path, css_class = names[node]
        y = middles[node, column] - BOX_HEIGHT / 2
        parts.append(
            box(_left(column), y, BOX_WIDTH, BOX_HEIGHT, words, css_class, path, BOX_LETTERS, node)
        )
    return svg.drawing(
        *parts,
        label=label,
        width=_left(len(layout.columns)) - GAP_X + 2 + (GAP_X if layout.backward else 0),
        height=round(bottom + (len(layout.backward) + 1) * LANE_HEIGHT),
        left=-1 - (GAP_X if layout.backward else 0),
        top=-1,
        interactive=True,
        fixed_size=True,
        class_="chain",
    )


def _left(column: int) -> int:
    return column * (BOX_WIDTH + GAP_X)


def _middles(layout: Layout) -> dict[Slot, float]:
    """The height of the middle of each box and lane."""
    middles = {}
    for column in layout.columns:
        y = 0.0
        for node, number in column:
            height = BOX_HEIGHT if layout.depth[node] == number else LANE_HEIGHT
            middles[node, number] = y + height / 2
            y += height + GAP_Y
    return middles


def _link(
    before: Slot, after: Slot, middles: dict[Slot, float], arrives: bool, ends: Iterable[int]
) -> Iterator[SafeString]:
    """From the right edge of a slot to the left one of the next; along it, if that is a lane."""
    between = _between(before[0], ends)
    x1, x2 = _left(before[1]) + BOX_WIDTH, _left(after[1])
    y1, y2 = middles[before], middles[after]
    if arrives:
        yield edge(x1, y1, x2, y2, marker_end="url(#arrow)", **between)
    else:
        yield edge(x1, y1, x2, y2, **between)
        yield svg.element("path", class_="edge", d=f"M{x2},{y2:.0f} h{BOX_WIDTH}", **between)


def _between(start: int, ends: Iterable[int]) -> dict[str, str]:
    """Attributes by which graph.js finds the lines of a box, and the boxes at their ends."""
    return {"data_from": str(start), "data_to": " ".join(map(str, ends))}


def _way_back(start: Slot, end: Slot, middles: dict[Slot, float], below: float) -> SafeString:
    """Around and below everything, for an edge that closes a cycle."""
    x1, x2 = _left(start[1]) + BOX_WIDTH, _left(end[1])
    route = (
        f"M{x1},{middles[start]:.0f} h{GAP_X / 2:.0f} V{below:.0f} "
        f"H{x2 - GAP_X / 2:.0f} V{middles[end]:.0f} H{x2}"
    )
    between = _between(start[0], [end[0]])
    return svg.element("path", class_="edge", d=route, marker_end="url(#arrow)", **between)


def edge(
    x1: float, y1: float, x2: float, y2: float, **attributes: str | float | None
) -> SafeString:
    """A curve that leaves and arrives horizontally."""
    bend = (x1 + x2) / 2
    route = f"M{x1:.0f},{y1:.0f} C{bend:.0f},{y1:.0f} {bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    return svg.element("path", class_="edge", d=route, **attributes)


def box(
    x: float, y: float, width: int, height: int, words: str, css_class: str, path: str,
    letters: int, node: int | None = None,
) -> SafeString:  # fmt: skip
    """A box with the first `letters` of its text, the whole as its tooltip; with a path, a link."""
    short = words if len(words) <= letters else words[: letters - 1] + "…"
    return svg.link(
        path,
        svg.element(
            "rect", class_=f"box {css_class}", x=round(x), y=round(y), width=width, height=height,
            rx=6, data_node=node,
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
