"""Numbers with their unit, in words."""

from __future__ import annotations

_SCALES: dict[str, list[tuple[float, str]]] = {
    "bytes": [(1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")],
    "": [(1e9, "G"), (1e6, "M"), (1e4, "k")],
}
LEAST = 1e-4
"""Below it, a number is what computing left of zero."""


def quantity(value: float, unit: str) -> str:
    """A value with its unit as a person writes it.

    >>> quantity(0.042, "ratio"), quantity(3 * 1024**3, "bytes"), quantity(0.25, "s")
    ('4.2 %', '3 GiB', '250 ms')
    >>> quantity(1260.4, "/s"), quantity(4e-9, "%")
    ('1260 /s', '0 %')
    """
    if unit == "ratio":
        return f"{_short(value * 100)} %"
    if unit == "s" and abs(value) < 1:
        return f"{_short(value * 1000)} ms"
    for factor, name in _SCALES["bytes" if unit == "bytes" else ""]:
        if abs(value) >= factor:
            short = _short(value / factor)
            return f"{short} {name}" if unit == "bytes" else f"{short}{name} {unit}".strip()
    return f"{_short(value)} {unit}".strip()


def milliseconds(value: float) -> str:
    """
    >>> milliseconds(1900), milliseconds(0.4)
    ('1.9 s', '0.4 ms')
    """
    return quantity(value / 1000, "s")


def _short(value: float) -> str:
    """Three digits that count; whole numbers from a hundred on, never with an exponent of ten."""
    if abs(value) < LEAST:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
