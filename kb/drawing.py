"""Small drawings as SVG. Colours are CSS classes of the page; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString, mark_safe

WIDTH = 640


@dataclass(frozen=True)
class Dot:
    """Something that happened: when, where a click leads, its CSS class and what to say of it."""

    at: datetime
    path: str
    kind: str
    label: str


def time_line(dots: Sequence[Dot], marks: Sequence[Dot] = ()) -> SafeString:
    """Dots along time; `marks` are upright lines, such as the day of a fix."""
    every = sorted([*dots, *marks], key=lambda dot: dot.at)
    if not every:
        return mark_safe("")
    start, end = every[0].at.timestamp(), every[-1].at.timestamp()
    span = max(end - start, 86_400.0)

    def x(dot: Dot) -> float:
        return 14 + (dot.at.timestamp() - start) / span * (WIDTH - 28)

    parts = [
        f'<svg class="occurrences" viewBox="0 0 {WIDTH} 54" role="group" '
        f'aria-label="{len(dots)} occurrences from {every[0].at:%Y-%m-%d} to '
        f'{every[-1].at:%Y-%m-%d}"><line class="axis" x1="8" x2="{WIDTH - 8}" y1="24" y2="24"/>'
    ]
    for mark in marks:
        parts.append(
            f'<line class="mark {mark.kind}" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="6" y2="42">'
            f"<title>{escape(mark.label)}</title></line>"
        )
    for dot in dots:
        parts.append(
            f'<a href={quoteattr(dot.path)}><circle class="dot {dot.kind}" cx="{x(dot):.1f}" '
            f'cy="24" r="6"><title>{escape(dot.label)}</title></circle></a>'
        )
    parts.append(
        f'<text x="8" y="51">{every[0].at:%b %Y}</text>'
        f'<text x="{WIDTH - 8}" y="51" text-anchor="end">{every[-1].at:%b %Y}</text></svg>'
    )
    return mark_safe("".join(parts))  # noqa: S308  (every text in it is escaped above)


BOX, HIGH, GAP_X, GAP_Y = 176, 34, 44, 12


def chain(
    edges: Iterable[tuple[int, int, int]], names: Mapping[int, tuple[str, str]]
) -> SafeString:
    """A graph of (earlier, later, times), left to right; `names` gives each its words and path."""
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
        'role="group" aria-label="Which cause led to which"><defs><marker id="arrow" '
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
        words, path = names[node]
        short = words if len(words) <= 28 else words[:27] + "…"
        parts.append(
            f'<a href={quoteattr(path)}><rect class="box" x="{x}" y="{y}" width="{BOX}" '
            f'height="{HIGH}" rx="6"/><text x="{x + 9}" y="{y + 21}">{escape(short)}'
            f"<title>{escape(words)}</title></text></a>"
        )
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308  (every text in it is escaped above)


def _depths(edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many causes came before each; edges that would close a circle count for nothing."""
    depth = {node: 0 for edge in edges for node in edge}
    for _ in range(len(depth)):
        for earlier, later in edges:
            if depth[later] <= depth[earlier] < len(depth) - 1:
                depth[later] = depth[earlier] + 1
    return depth


SHADES = 12
"""As many as causebook.css has."""


def bars(columns: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str = "") -> SafeString:
    """Stacked columns: a label each and its parts as (name, value). Colours go by name."""
    if not any(value for _, parts in columns for _, value in parts):
        return mark_safe("")
    names = list(dict.fromkeys(name for _, parts in columns for name, _ in parts))
    most = max(sum(value for _, value in parts) for _, parts in columns)
    high, left, step = 150, 44, (WIDTH - 50) / max(1, len(columns))
    drawn = [
        f'<svg class="bars" viewBox="0 0 {WIDTH} {high + 26}" role="img" '
        f'aria-label="{len(columns)} columns, the highest {most:,.0f} {escape(unit)}">'
        f'<text x="{left - 6}" y="14" text-anchor="end">{most:,.0f}</text>'
        f'<text x="{left - 6}" y="{high + 2}" text-anchor="end">0</text>'
        f'<line class="axis" x1="{left}" x2="{WIDTH}" y1="{high}" y2="{high}"/>'
    ]
    for number, (label, parts) in enumerate(columns):
        x, y = left + number * step, float(high)
        for name, value in parts:
            tall = value / most * (high - 10)
            y -= tall
            if value:
                drawn.append(
                    f'<rect class="shade-{names.index(name) % SHADES}" x="{x + step * 0.12:.1f}" '
                    f'y="{y:.1f}" width="{step * 0.76:.1f}" height="{max(tall, 0.5):.1f}"><title>'
                    f"{escape(f'{label} {name}: {value:,.0f} {unit}'.strip())}</title></rect>"
                )
        if number % max(1, -(-len(columns) // 7)) == 0:
            drawn.append(
                f'<text x="{x + step / 2:.1f}" y="{high + 16}" text-anchor="middle">'
                f"{escape(label)}</text>"
            )
    drawn.append("</svg>")
    return mark_safe("".join(drawn))  # noqa: S308  (every text in it is escaped above)
