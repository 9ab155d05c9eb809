"""Time series as SVG: the normal range shaded, the impact and the changes marked.

Colours are CSS classes of the page, so that one drawing serves dark and light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.utils.safestring import SafeString
from resvg_py import svg_to_bytes

from analysis.core.units import quantity
from common import svg

WIDTH, HEIGHT = 560, 130
LEFT, RIGHT, TOP, BOTTOM = 68, 8, 10, 18
LONG = 4 * 86_400
"""Seconds from which the axis tells days, not hours."""
POINTS = 280
"""More would be finer than a pixel."""


@dataclass(frozen=True)
class Mark:
    """A vertical line at epoch seconds; `kind` is a CSS class: impact, onset or change."""

    at: float
    kind: str
    label: str


@dataclass(frozen=True)
class Band:
    """The normal range: one for the whole chart, or one a sample of the first series."""

    low: float | Sequence[float]
    high: float | Sequence[float]


def draw(
    series: Sequence[tuple[Sequence[float], Sequence[float]]],
    unit: str,
    title: str,
    band: Band | None = None,
    marks: Sequence[Mark] = (),
    then: bool = False,
) -> SafeString:
    """An SVG of one or more series of (epoch seconds, values).

    With `then`, times count from the start of impact and all series but the first are of a past
    incident.
    """
    drawn = [(np.asarray(t, float), np.asarray(v, float)) for t, v in series if len(t)]
    if not drawn:
        return svg.NOTHING
    start = min(float(times[0]) for times, _ in drawn)
    end = max(float(times[-1]) for times, _ in drawn)
    end = end if end > start else start + 60
    lows = [float(values.min()) for _, values in drawn]
    highs = [float(values.max()) for _, values in drawn]
    if band:
        lows.append(float(np.min(band.low)))
        highs.append(float(np.max(band.high)))
    low, high = min(lows), max(highs)
    if min(float(values.min()) for _, values in drawn) >= 0:
        low = 0.0 if low < 0.4 * high else max(low, 0.0)
    high = high if high > low else low + (abs(low) or 1.0)
    high += 0.05 * (high - low)

    def x(at: float) -> float:
        return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = []
    if band:
        along = drawn[0][0]
        top = _thinned(along, np.broadcast_to(np.asarray(band.high, float), along.shape))
        bottom = _thinned(along, np.broadcast_to(np.asarray(band.low, float), along.shape))
        outline = svg.points((x(at), y(value)) for at, value in [*top, *bottom[::-1]])
        parts.append(svg.element("polygon", class_="normal", points=outline))
    for value in (low, (low + high) / 2, high):
        parts.append(svg.line(LEFT, y(value), WIDTH - RIGHT, y(value), class_="grid"))
        label = quantity(value, unit)
        parts.append(svg.text(label, LEFT - 5, y(value) + 3, text_anchor="end"))
    for at in _hours(start, end):
        shown = "%d %b" if end - start > LONG else "%H:%M"
        label = f"{at / 60:+.0f} min" if then else datetime.fromtimestamp(at, UTC).strftime(shown)
        parts.append(svg.text(label, x(at), HEIGHT - 5, text_anchor="middle"))
    for mark in marks:
        if start <= mark.at <= end:
            at, tooltip = x(mark.at), svg.tooltip(mark.label)
            parts.append(
                svg.line(at, TOP, at, HEIGHT - BOTTOM, tooltip, class_=f"mark {mark.kind}")
            )
    for number, (times, values) in enumerate(drawn):
        shape = svg.points((x(at), y(value)) for at, value in _thinned(times, values))
        css_class = "series then" if then and number else "series"
        parts.append(svg.element("polyline", class_=css_class, points=shape))
    return svg.drawing(
        *parts, label=title, width=WIDTH, height=HEIGHT, class_="chart", preserveAspectRatio="none"
    )


_STYLE = """
.chart{background:#fff}.chart text{font:10px DejaVu Sans,system-ui,sans-serif;fill:#555}
.grid{stroke:#ddd;stroke-width:.7}.normal{fill:#dbe7f5}
.series{fill:none;stroke:#1f5fbf;stroke-width:1.5;stroke-linejoin:round}
.series.then{stroke:#8a6d1f;stroke-dasharray:5 3}
.mark{stroke-width:1.3}.impact{stroke:#b3261e}.onset{stroke:#9a6700;stroke-dasharray:4 3}
.change{stroke:#555;stroke-dasharray:1 3}
"""


def standalone(chart: str, title: str) -> str:
    """A chart as a file of its own: with its colours, on white, under its title."""
    inside = chart.partition(">")[2].removesuffix("</svg>")
    return svg.element(
        "svg",
        # The style sheet holds no character that needs escaping.
        svg.element("style", _STYLE),
        svg.element("rect", y=-20, width=WIDTH, height=HEIGHT + 20, fill="#fff"),
        svg.text(title, LEFT, -6),
        SafeString(inside),
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        width=2 * WIDTH,
        height=2 * HEIGHT + 40,
        viewBox=f"0 -20 {WIDTH} {HEIGHT + 20}",
    )


def as_png(drawing: str) -> bytes:
    """An SVG of our own as PNG."""
    return bytes(svg_to_bytes(svg_string=drawing))


def _hours(start: float, end: float) -> list[float]:
    day = 86_400
    for step in (900, 1800, 3600, 7200, 14_400, 43_200, day, 2 * day, 7 * day, 14 * day, 61 * day):
        if (end - start) / step <= 7:
            break
    first = -(-start // step) * step
    return [at for at in np.arange(first, end, step) if at - start > (end - start) * 0.03]


def _thinned(times: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
    """At most POINTS points that keep every peak: each bin gives its lowest and highest."""
    if len(times) <= POINTS:
        return list(zip(times.tolist(), values.tolist(), strict=True))
    kept: list[int] = []
    for part in np.array_split(np.arange(len(times)), POINTS // 2):
        pair = {int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])}
        kept += sorted(pair)
    return [(float(times[i]), float(values[i])) for i in kept]
