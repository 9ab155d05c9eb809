"""Graphs as SVG. Colours are CSS classes of the page; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString, mark_safe

BOX, HIGH, GAP_X, GAP_Y = 176, 34, 44, 12


def graph(
    edges: Iterable[tuple[int, int, int]], names: Mapping[int, tuple[str, str, str]], label: str
) -> SafeString:
    """A graph of (from, to, times), left to right.

    `names` gives each node its words, path and CSS class; `label` says what the graph shows.
    """
    edges = list(edges)
    if not edges:
        return mark_safe("")
    depth = _depths([(a, b) for a, b, _ in edges])
    columns: dict[int, list[int]] = {}
    for node in sorted(depth, key=lambda n: (depth[n], n)):
        columns.setdefault(depth[node], []).append(node)
    place = {
        node: (column * (BOX + GAP_X), row * (HIGH + GAP_Y))
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }
    width = max(x for x, _ in place.values()) + BOX + 2
    height = max(y for _, y in place.values()) + HIGH + 2
    parts = [
        f'<svg class="chain" viewBox="-1 -1 {width} {height}" width="{width}" height="{height}" '
        f'role="group" aria-label={quoteattr(label)}><defs><marker id="arrow" '
        'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    ]
    for earlier, later, times in edges:
        (x1, y1), (x2, y2) = place[earlier], place[later]
        x1, y1, y2 = x1 + BOX, y1 + HIGH // 2, y2 + HIGH // 2
        middle = (x1 + x2) // 2
        parts.append(edge(x1, y1, x2, y2, ' marker-end="url(#arrow)"'))
        if times > 1:
            parts.append(f'<text x="{middle}" y="{(y1 + y2) // 2 - 4}">{times} ×</text>')
    for node, (x, y) in place.items():
        words, path, kind = names[node]
        parts.append(box(x, y, BOX, HIGH, words, kind, path, most=28))
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308  (every text in it is escaped above)


def edge(x1: float, y1: float, x2: float, y2: float, more: str = "") -> str:
    """A line that leaves and arrives level; `more` are further attributes."""
    bend = (x1 + x2) / 2
    return (
        f'<path class="edge"{more} d="M{x1:.0f},{y1:.0f} C{bend:.0f},{y1:.0f} {bend:.0f},{y2:.0f} '
        f'{x2:.0f},{y2:.0f}"/>'
    )


def box(
    x: float, y: float, wide: int, high: int, words: str, kind: str, path: str, most: int
) -> str:
    """A box of a CSS class with the first `most` letters of its words; with a path, a link."""
    short = words if len(words) <= most else words[: most - 1] + "…"
    drawn = (
        f'<rect class="box {kind}" x="{x:.0f}" y="{y:.0f}" width="{wide}" height="{high}" rx="6"/>'
        f'<text x="{x + 9:.0f}" y="{y + high / 2 + 4:.0f}">{escape(short)}'
        f"<title>{escape(words)}</title></text>"
    )
    return f"<a href={quoteattr(path)}>{drawn}</a>" if path else drawn


def _depths(edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many nodes come before each; edges that would close a circle count for nothing."""
    depth = {node: 0 for edge in edges for node in edge}
    for _ in range(len(depth)):
        for earlier, later in edges:
            if depth[later] <= depth[earlier] < len(depth) - 1:
                depth[later] = depth[earlier] + 1
    return depth
