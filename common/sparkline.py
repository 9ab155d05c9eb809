"""A small row of columns for a list: the course of a number at a glance, without axes."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from common import svg

STEP, HEIGHT = 4, 20


def sparkline(values: Sequence[float], label: str) -> SafeString:
    """Columns of `values`, oldest first; nothing where all are 0. `label` says it in words."""
    highest = max(values, default=0)
    if highest <= 0:
        return svg.NOTHING
    # Two paths for all columns: a list has thousands of them.
    empty = "".join(_column(number, 1) for number, value in enumerate(values) if not value)
    some = "".join(
        _column(number, max(value / highest * HEIGHT, 1))
        for number, value in enumerate(values)
        if value
    )
    return svg.drawing(
        svg.element("path", d=empty),
        svg.element("path", d=some, class_="some"),
        svg.tooltip(label),
        label=label,
        width=len(values) * STEP,
        height=HEIGHT,
        fixed_size=True,
        class_="sparkline",
    )


def _column(number: int, height: float) -> str:
    """One of a path, from the ground up."""
    return f"M{number * STEP} {HEIGHT}v-{height:.3g}h{STEP - 1}v{height:.3g}z"
