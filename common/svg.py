"""Writes SVG elements. Attributes and texts are escaped; what an element returns is safe markup.

Colours are CSS classes of the page, so that one drawing serves dark and light.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

NOTHING = mark_safe("")
"""The drawing of no data."""


def element(name: str, *children: str, **attributes: str | float | None) -> SafeString:
    """An element with its children: markup of this module as it is, other text escaped.

    Attributes are written as Python spells them: `class_` for class, `text_anchor` for
    text-anchor, `viewBox` as it is. Those that are None are left out; floats get one decimal.

    >>> element("text", "a & b", x=1.25, class_="chart-card", text_anchor=None)
    '<text x="1.2" class="chart-card">a &amp; b</text>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(conditional_escape(child) for child in children)
    # Safe: every value and every child is escaped above.
    markup = f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"
    return mark_safe(markup)  # noqa: S308


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return str(conditional_escape(value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def drawing(
    *children: str,
    label: str,
    width: int,
    height: int,
    left: int = 0,
    top: int = 0,
    interactive: bool = False,
    fixed_size: bool = False,
    **attributes: str | float | None,
) -> SafeString:
    """The root of a picture. `label` is what a screen reader says of it.

    A picture with links inside is `interactive`: its parts stay reachable one by one. Without a
    `fixed_size` it fills the width of the page.
    """
    return element(
        "svg",
        *children,
        **attributes,
        viewBox=f"{left} {top} {width} {height}",
        width=width if fixed_size else None,
        height=height if fixed_size else None,
        role="group" if interactive else "img",
        aria_label=label,
    )


def text(words: str, x: float, y: float, **attributes: str | float | None) -> SafeString:
    return element("text", words, x=x, y=y, **attributes)


def tooltip(words: str) -> SafeString:
    """What a browser shows on hovering the element that this is a child of."""
    return element("title", words)


def line(
    x1: float, y1: float, x2: float, y2: float, *children: str, **attributes: str | float | None
) -> SafeString:
    return element("line", *children, x1=x1, x2=x2, y1=y1, y2=y2, **attributes)


def link(address: str, *children: str, aria_label: str | None = None) -> SafeString:
    """The children as a link; without an address, as they are."""
    if not address:
        return mark_safe("".join(conditional_escape(child) for child in children))  # noqa: S308
    return element("a", *children, href=address, aria_label=aria_label)


def points(pairs: Iterable[tuple[float, float]]) -> str:
    """Coordinates as polylines and polygons take them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
