"""Time series as SVG: the normal range shaded, the impact, alerts and changes marked.

Colours are CSS classes of the page, so that one drawing serves dark and light. What moves lies in
a picture of its own inside (class `plot`): charts.js zooms by its viewBox, and reads the values
that it shows from the curves' data attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from django.utils import timezone
from django.utils.safestring import SafeString
from resvg_py import svg_to_bytes

from analysis.core.units import quantity
from common import svg

WIDTH, HEIGHT = 440, 130
LEFT, RIGHT, TOP, BOTTOM = 62, 6, 8, 19
LONG = 4 * 86_400
"""Seconds from which the time axis shows days, not hours."""
MAX_POINTS = 280
"""More would be finer than a pixel."""


@dataclass(frozen=True)
class Mark:
    """A vertical line at epoch seconds; `kind` is its CSS class.

    impact, onset, alert, change or ended
    """

    at: float
    kind: str
    label: str


@dataclass(frozen=True)
class Band:
    """The normal range: one for the whole chart, or one for each sample of the first series."""

    low: float | Sequence[float]
    high: float | Sequence[float]


@dataclass(frozen=True)
class Level:
    """A horizontal line at a value, such as the threshold of an alert."""

    value: float
    label: str


Points = Iterable[tuple[float, float]]
Drawn = list[tuple[np.ndarray, np.ndarray]]
"""Times and values of each series that has any."""


def draw(
    series: Sequence[tuple[Sequence[float], Sequence[float]]],
    unit: str,
    title: str,
    band: Band | None = None,
    marks: Sequence[Mark] = (),
    then: bool = False,
    level: Level | None = None,
    names: Sequence[str] = (),
) -> SafeString:
    """An SVG of one or more series of (epoch seconds, values), which may have `names`.

    With `then`, times count from the start of impact and all series but the first are of a past
    incident.
    """
    drawn = [(np.asarray(t, float), np.asarray(v, float)) for t, v in series if len(t)]
    if not drawn:
        return svg.NOTHING
    names = [name for name, (times, _) in zip(names, series, strict=False) if len(times)]
    scale = _Scale.fit(drawn, band, level)
    inner = (LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
    plot = svg.element(
        "svg",
        *([_normal_range(band, drawn[0][0], scale)] if band else []),
        *_mark_lines(marks, scale),
        *([_level_line(level, scale)] if level else []),
        *_curves(drawn, scale, then, unit, names),
        class_="plot",
        **dict(zip(("x", "y", "width", "height"), inner, strict=True)),
        viewBox=" ".join(map(str, inner)),
        preserveAspectRatio="none",
    )
    return svg.drawing(
        *_value_axis(scale, unit),
        *_time_axis(scale, relative=then),
        plot,
        label=title,
        width=WIDTH,
        height=HEIGHT,
        class_="chart",
        preserveAspectRatio="none",
        data_start=scale.start,
        data_end=scale.end,
        data_relative="" if then else None,
    )


@dataclass(frozen=True)
class _Scale:
    """Which times and values the drawing covers, and where they are in it."""

    start: float
    end: float
    low: float
    high: float

    @classmethod
    def fit(cls, drawn: Drawn, band: Band | None, level: Level | None = None) -> _Scale:
        """Covers every series and the normal range, from zero where zero is near."""
        start = min(float(times[0]) for times, _ in drawn)
        end = max(float(times[-1]) for times, _ in drawn)
        lowest = low = min(float(values.min()) for _, values in drawn)
        high = max(float(values.max()) for _, values in drawn)
        if band:
            low = min(low, float(np.min(band.low)))
            high = max(high, float(np.max(band.high)))
        if level:
            low, high = min(low, level.value), max(high, level.value)
            lowest = low
        if lowest >= 0:
            low = 0.0 if low < 0.4 * high else max(low, 0.0)
        high = high if high > low else low + (abs(low) or 1.0)
        return cls(start, end if end > start else start + 60, low, high + 0.05 * (high - low))

    def x(self, at: float) -> float:
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def points(self, points: Points) -> str:
        return svg.points((self.x(at), self.y(value)) for at, value in points)


def _normal_range(band: Band, times: np.ndarray, scale: _Scale) -> SafeString:
    top = _thinned(times, np.broadcast_to(np.asarray(band.high, float), times.shape))
    bottom = _thinned(times, np.broadcast_to(np.asarray(band.low, float), times.shape))
    outline = scale.points([*top, *bottom[::-1]])
    return svg.element("polygon", class_="normal", points=outline)


def _value_axis(scale: _Scale, unit: str) -> Iterator[SafeString]:
    for value in (scale.low, (scale.low + scale.high) / 2, scale.high):
        y = scale.y(value)
        yield svg.line(LEFT, y, WIDTH - RIGHT, y, class_="grid")
        yield svg.text(quantity(value, unit), LEFT - 5, y + 3, text_anchor="end", class_="value")


def _time_axis(scale: _Scale, relative: bool) -> Iterator[SafeString]:
    if not relative:
        name = _local(scale.end).tzname() or ""
        yield svg.text(name, 0, HEIGHT - 5)
    form = "%d %b" if scale.end - scale.start > LONG else "%H:%M"
    for at in _ticks(scale.start, scale.end, 0 if relative else _seconds_from_utc(scale.start)):
        label = f"{at / 60:+.0f} min" if relative else f"{_local(at):{form}}"
        yield svg.text(label, scale.x(at), HEIGHT - 5, text_anchor="middle", class_="tick")


def _local(at: float) -> datetime:
    """Epoch seconds in the reader's time zone."""
    return timezone.localtime(datetime.fromtimestamp(at, UTC))


def _seconds_from_utc(at: float) -> float:
    offset = _local(at).utcoffset()
    return offset.total_seconds() if offset else 0


def _mark_lines(marks: Sequence[Mark], scale: _Scale) -> Iterator[SafeString]:
    for mark in marks:
        if scale.start <= mark.at <= scale.end:
            x, tooltip = scale.x(mark.at), svg.tooltip(mark.label)
            yield svg.line(x, TOP, x, HEIGHT - BOTTOM, tooltip, class_=f"mark {mark.kind}")


def _level_line(level: Level, scale: _Scale) -> SafeString:
    y = scale.y(level.value)
    tooltip = svg.tooltip(level.label)
    return svg.line(LEFT, y, WIDTH - RIGHT, y, tooltip, class_="level")


def _curves(
    drawn: Drawn, scale: _Scale, then: bool, unit: str, names: Sequence[str]
) -> Iterator[SafeString]:
    for number, (times, values) in enumerate(drawn):
        points = _thinned(times, values)
        yield svg.element(
            "polyline",
            class_="series then" if then and number else "series",
            points=scale.points(points),
            data_name=names[number] if number < len(names) else None,
            # The first in full, the others as what they are later: most are the same few digits.
            data_times=" ".join(map(str, _steps([at for at, _ in points]))),
            data_values="|".join(quantity(value, unit) for _, value in points),
        )


def _steps(times: Sequence[float]) -> list[int]:
    whole = [round(at) for at in times]
    return [*whole[:1], *(after - before for before, after in pairwise(whole))]


_STYLE = """
.chart{background:#fff}.chart text{font:10px DejaVu Sans,system-ui,sans-serif;fill:#555}
.grid{stroke:#ddd;stroke-width:.7}.normal{fill:#dbe7f5}
.series{fill:none;stroke:#1f5fbf;stroke-width:1.5;stroke-linejoin:round}
.series.then{stroke:#8a6d1f;stroke-dasharray:5 3}
.mark{stroke-width:1.3}.impact{stroke:#b3261e}.onset{stroke:#9a6700;stroke-dasharray:4 3}
.alert{stroke:#b3261e;stroke-dasharray:2 2}.change{stroke:#555;stroke-dasharray:1 3}
.ended{stroke:#2e7d32;stroke-dasharray:6 2}
.level{stroke:#b3261e;stroke-width:1.2;stroke-dasharray:7 3}
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


def _ticks(start: float, end: float, shift: float = 0) -> list[float]:
    """Round times, about five of them, of a clock that is `shift` seconds ahead of UTC.

    None so near an end that its label would be cut.
    """
    day = 86_400
    steps = (60, 300, 900, 1800, 3600, 7200, 14_400, 43_200)
    for step in (*steps, day, 2 * day, 7 * day, 14 * day, 61 * day):
        if (end - start) / step <= 5.5:
            break
    first = -(-(start + shift) // step) * step - shift
    return [at for at in np.arange(first, end, step) if 0.03 < (at - start) / (end - start) < 0.95]


def _thinned(times: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
    """At most MAX_POINTS points that preserve every peak: the lowest and highest of each bin."""
    if len(times) <= MAX_POINTS:
        return list(zip(times.tolist(), values.tolist(), strict=True))
    chosen: list[int] = []
    for part in np.array_split(np.arange(len(times)), MAX_POINTS // 2):
        pair = {int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])}
        chosen += sorted(pair)
    return [(float(times[i]), float(values[i])) for i in chosen]
