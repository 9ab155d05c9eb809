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
    columns = [
        svg.element(
            "rect",
            x=number * STEP,
            y=HEIGHT - max(value / highest * HEIGHT, 1.0),
            width=STEP - 1,
            height=max(value / highest * HEIGHT, 1.0),
            class_="some" if value else None,
        )
        for number, value in enumerate(values)
    ]
    return svg.drawing(
        *columns,
        svg.tooltip(label),
        label=label,
        width=len(values) * STEP,
        height=HEIGHT,
        fixed_size=True,
        class_="sparkline",
    )
