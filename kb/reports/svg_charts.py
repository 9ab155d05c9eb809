"""Charts of the reports and of a cause's history as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from common import svg

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
        return svg.NOTHING
    start, end = every[0].at.timestamp(), every[-1].at.timestamp()
    span = max(end - start, 86_400.0)

    def x(dot: Dot) -> float:
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
    parts.append(svg.text(f"{every[0].at:%b %Y}", 8, 51))
    parts.append(svg.text(f"{every[-1].at:%b %Y}", WIDTH - 8, 51, text_anchor="end"))
    period = f"from {every[0].at:%Y-%m-%d} to {every[-1].at:%Y-%m-%d}"
    return svg.drawing(
        *parts,
        label=f"{len(dots)} occurrences {period}",
        width=WIDTH,
        height=54,
        interactive=True,
        class_="occurrences",
    )


SHADES = 12
"""As many as charts.css has."""


def bars(columns: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str = "") -> SafeString:
    """Stacked columns: a label each and its parts as (name, value). Colours go by name."""
    if not any(value for _, parts in columns for _, value in parts):
        return svg.NOTHING
    names = list(dict.fromkeys(name for _, parts in columns for name, _ in parts))
    most = max(sum(value for _, value in parts) for _, parts in columns)
    high, left, step = 150, 44, (WIDTH - 50) / max(1, len(columns))
    drawn = [
        svg.text(f"{most:,.0f}", left - 6, 14, text_anchor="end"),
        svg.text("0", left - 6, high + 2, text_anchor="end"),
        svg.line(left, high, WIDTH, high, class_="axis"),
    ]
    for number, (label, parts) in enumerate(columns):
        x, y = left + number * step, float(high)
        for name, value in parts:
            tall = value / most * (high - 10)
            y -= tall
            if value:
                drawn.append(
                    svg.element(
                        "rect",
                        svg.tooltip(f"{label} {name}: {value:,.0f} {unit}".strip()),
                        data_shade=names.index(name) % SHADES,
                        x=x + step * 0.12,
                        y=y,
                        width=step * 0.76,
                        height=max(tall, 0.5),
                    )
                )
        if number % max(1, -(-len(columns) // 7)) == 0:
            drawn.append(svg.text(label, x + step / 2, high + 16, text_anchor="middle"))
    return svg.drawing(
        *drawn,
        label=f"{len(columns)} columns, the highest {most:,.0f} {unit}",
        width=WIDTH,
        height=high + 26,
        class_="bars",
    )
