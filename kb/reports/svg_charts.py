"""Small drawings as SVG. Colours are CSS classes of the page; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
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
