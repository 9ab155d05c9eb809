"""Charts of the reports and of a cause's history as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateformat import format as format_date
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common import svg

WIDTH = 640


@dataclass(frozen=True)
class Occurrence:
    """One occurrence: its time, the page that it links to, its CSS class and its label."""

    at: datetime
    path: str
    kind: str
    label: str


def occurrences_chart(dots: Sequence[Occurrence], marks: Sequence[Occurrence] = ()) -> SafeString:
    """Dots along time; `marks` are upright lines, such as the day of a fix."""
    every = sorted([*dots, *marks], key=lambda dot: dot.at)
    if not every:
        return svg.NOTHING
    start, end = every[0].at.timestamp(), every[-1].at.timestamp()
    span = max(end - start, 86_400.0)

    def x(dot: Occurrence) -> float:
        return 14 + (dot.at.timestamp() - start) / span * (WIDTH - 28)

    parts = [svg.line(8, 24, WIDTH - 8, 24, class_="axis")]
    for mark in marks:
        tooltip = svg.tooltip(mark.label)
        parts.append(svg.line(x(mark), 6, x(mark), 42, tooltip, class_=f"mark {mark.kind}"))
    for dot in dots:
        circle = svg.element(
            "circle", svg.tooltip(dot.label), class_=f"dot {dot.kind}", cx=x(dot), cy=24, r=6
        )
        parts.append(svg.link(dot.path, circle))
    parts.append(svg.text(format_date(every[0].at, "M Y"), 8, 51))
    parts.append(svg.text(format_date(every[-1].at, "M Y"), WIDTH - 8, 51, text_anchor="end"))
    words = _("%(n)s occurrences from %(start)s to %(end)s")
    days = {"start": f"{every[0].at:%Y-%m-%d}", "end": f"{every[-1].at:%Y-%m-%d}"}
    return svg.drawing(
        *parts,
        label=words % {"n": len(dots), **days},
        width=WIDTH,
        height=54,
        interactive=True,
        class_="occurrences",
    )


WIDEST = 60
"""A column of few is no wider."""
SHADES = 12
"""The number of colours in charts.css."""


def stacked_columns(
    columns: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    unit: str = "",
    address_of: Callable[[str, str], str] | None = None,
) -> SafeString:
    """Stacked columns: a label each and its parts as (name, value). Colours go by name.

    `address_of` says, by label and name, where a click on a part leads.
    """
    if not any(value for _, parts in columns for _, value in parts):
        return svg.NOTHING
    names = list(dict.fromkeys(name for _, parts in columns for name, _ in parts))
    highest = max(sum(value for _, value in parts) for _, parts in columns)
    baseline, left, step = 150, 44, (WIDTH - 50) / max(1, len(columns))
    width = min(step * 0.76, WIDEST)
    drawn = [
        svg.text(f"{highest:,.0f}", left - 6, 14, text_anchor="end"),
        svg.text("0", left - 6, baseline + 2, text_anchor="end"),
        svg.line(left, baseline, WIDTH, baseline, class_="axis"),
    ]
    for number, (label, parts) in enumerate(columns):
        x, y = left + number * step, float(baseline)
        for name, value in parts:
            height = value / highest * (baseline - 10)
            y -= height
            if value:
                words = f"{label} {name}: {value:,.0f} {unit}".strip()
                part = svg.element(
                    "rect",
                    svg.tooltip(words),
                    data_shade=names.index(name) % SHADES,
                    x=x + (step - width) / 2,
                    y=y,
                    width=width,
                    height=max(height, 0.5),
                )
                address = address_of(label, name) if address_of else ""
                drawn.append(svg.link(address, part, aria_label=words))
        if number % max(1, -(-len(columns) // 7)) == 0:
            drawn.append(svg.text(label, x + step / 2, baseline + 16, text_anchor="middle"))
    return svg.drawing(
        *drawn,
        label=_("%(n)s columns, the highest %(highest)s %(unit)s")
        % {"n": len(columns), "highest": f"{highest:,.0f}", "unit": unit},
        width=WIDTH,
        height=baseline + 26,
        interactive=address_of is not None,
        class_="bars",
    )
