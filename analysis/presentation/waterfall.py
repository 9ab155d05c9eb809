"""A trace as a waterfall: one bar a span, indented below its caller, from the request's start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analysis.core.units import milliseconds
from common import svg

WIDTH, LEFT, RIGHT = 900, 300, 62
ROW, TOP = 20, 22
INDENT, DEEPEST = 10, 12
MAX_ROWS = 60
MAX_TICKS = 5
MAX_LABEL = 44
SHADES = 12
"""Colours of stacked parts; services beyond them share."""


@dataclass(frozen=True)
class WaterfallRow:
    """A span as drawn and as listed: `offset` and `duration` in ms, `depth` below the root."""

    service: str
    operation: str
    offset: float
    duration: float
    depth: int
    failed: bool
    note: str
    shade: int

    @property
    def offset_in_words(self) -> str:
        return milliseconds(self.offset)

    @property
    def duration_in_words(self) -> str:
        return milliseconds(self.duration)


def waterfall_rows(spans: Sequence[dict[str, Any]]) -> list[WaterfallRow]:
    """At most MAX_ROWS spans in the order of a call tree.

    Of more, those that failed and the longest are chosen, with all that are above them.
    """
    tree = _Tree(spans)
    chosen = tree.most_important(MAX_ROWS)
    services = list(dict.fromkeys(span["service"] for span in spans))
    start = min((span["start"] for span in spans), default=0.0)
    return [
        WaterfallRow(
            span["service"],
            span["operation"],
            (span["start"] - start) * 1000,
            span["duration"],
            depth,
            span.get("failed", False),
            span.get("note", ""),
            services.index(span["service"]) % SHADES,
        )
        for position, depth in tree.in_order()
        if position in chosen
        for span in [spans[position]]
    ]


class _Tree:
    def __init__(self, spans: Sequence[dict[str, Any]]) -> None:
        self.spans = spans
        by_id = {span["id"]: position for position, span in enumerate(spans)}
        self.parents = [by_id.get(span["parent"], -1) for span in spans]
        self.children: dict[int, list[int]] = {}
        for position, parent in enumerate(self.parents):
            self.children.setdefault(parent, []).append(position)

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Positions and depths, callers before callees; spans in a circle come last."""
        seen: set[int] = set()
        for root in [*self.children.get(-1, []), *range(len(self.spans))]:
            stack = [(root, 0)]
            while stack:
                position, depth = stack.pop()
                if position in seen:
                    continue
                seen.add(position)
                yield position, depth
                below = sorted(
                    self.children.get(position, []),
                    key=lambda child: self.spans[child]["start"],
                    reverse=True,
                )
                stack += [(child, depth + 1) for child in below]

    def most_important(self, most: int) -> set[int]:
        wanted = sorted(
            range(len(self.spans)),
            key=lambda each: (
                not self.spans[each].get("failed", False),
                -self.spans[each]["duration"],
                each,
            ),
        )
        chosen: set[int] = set()
        for position in wanted:
            path, current = [], position
            while current != -1 and current not in chosen and current not in path:
                path.append(current)
                current = self.parents[current]
            if len(chosen) + len(path) <= most:
                chosen.update(path)
        return chosen


def draw_waterfall(rows: Sequence[WaterfallRow], title: str) -> SafeString:
    """The rows as SVG. `title` is what a screen reader says of it; a table says the rest."""
    if not rows:
        return svg.NOTHING
    whole = max(1e-3, *(row.offset + row.duration for row in rows))
    parts: list[SafeString] = [*_axis(whole, len(rows))]
    for number, row in enumerate(rows):
        parts += _bar(row, number, whole)
    return svg.drawing(
        *parts,
        label=title,
        width=WIDTH,
        height=TOP + ROW * len(rows) + 4,
        class_="waterfall",
    )


def _x(milliseconds_since: float, whole: float) -> float:
    return LEFT + milliseconds_since / whole * (WIDTH - LEFT - RIGHT)


def _axis(whole: float, rows: int) -> Iterator[SafeString]:
    step = _round_step(whole)
    for number in range(int(whole / step) + 1):
        x = _x(step * number, whole)
        yield svg.line(x, TOP - 4, x, TOP + ROW * rows, class_="grid")
        label = milliseconds(step * number) if number else "0"
        yield svg.text(label, x, TOP - 9, text_anchor="middle" if number else "start")


def _round_step(whole: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … that gives at most MAX_TICKS steps."""
    power = 10.0 ** floor(log10(whole / MAX_TICKS))
    return next(power * each for each in (1, 2, 5, 10) if power * each * MAX_TICKS >= whole)


def _bar(row: WaterfallRow, number: int, whole: float) -> Iterator[SafeString]:
    y = TOP + ROW * number
    x, end = _x(row.offset, whole), _x(row.offset + row.duration, whole)
    label = f"{row.service} · {row.operation}"
    indent = INDENT * min(row.depth, DEEPEST)
    letters = MAX_LABEL - indent // 6
    shown = label if len(label) <= letters else f"{label[: letters - 1]}…"
    words = _("%(span)s: %(duration)s, after %(offset)s")
    if row.note:
        words = _("%(span)s: %(duration)s, after %(offset)s, failed: %(note)s")
    elif row.failed:
        words = _("%(span)s: %(duration)s, after %(offset)s, failed")
    values = {"duration": row.duration_in_words, "offset": row.offset_in_words, "note": row.note}
    yield svg.element(
        "g",
        svg.tooltip(words % {"span": label, **values}),
        svg.text(shown, 2 + indent, y + 13),
        svg.element(
            "rect",
            x=x,
            y=y + 4,
            width=max(1.5, end - x),
            height=ROW - 8,
            rx=2,
            data_shade=str(row.shade),
        ),
        svg.text(
            f"{'✕ ' if row.failed else ''}{row.duration_in_words}",
            min(end + 4, WIDTH - RIGHT + 4),
            y + 13,
        ),
        class_="failed" if row.failed else None,
    )
