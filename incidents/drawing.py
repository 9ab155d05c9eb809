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
        parts.append(
            f'<path class="edge" marker-end="url(#arrow)" '
            f'd="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"/>'
        )
        if times > 1:
            parts.append(f'<text x="{middle}" y="{(y1 + y2) // 2 - 4}">{times} ×</text>')
    for node, (x, y) in place.items():
        words, path, kind = names[node]
        short = words if len(words) <= 28 else words[:27] + "…"
        parts.append(
            f'<a href={quoteattr(path)}><rect class="box {kind}" x="{x}" y="{y}" width="{BOX}" '
            f'height="{HIGH}" rx="6"/><text x="{x + 9}" y="{y + 21}">{escape(short)}'
            f"<title>{escape(words)}</title></text></a>"
        )
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308  (every text in it is escaped above)


def _depths(edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many nodes come before each; edges that would close a circle count for nothing."""
    depth = {node: 0 for edge in edges for node in edge}
    for _ in range(len(depth)):
        for earlier, later in edges:
            if depth[later] <= depth[earlier] < len(depth) - 1:
                depth[later] = depth[earlier] + 1
    return depth
