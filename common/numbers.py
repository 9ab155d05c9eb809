"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def decimal_in(text: str) -> Decimal | None:
    """The number that a text is; None for any other text, and for infinities."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain_number(value: float | Decimal) -> str:
    """A number without an exponent of ten and without zeros that say nothing.

    >>> plain_number(0.9), plain_number(4e-9), plain_number(1e21), plain_number(90.0)
    ('0.9', '0.000000004', '1000000000000000000000', '90')
    >>> plain_number(Decimal("99.90")), plain_number(-0.0), plain_number(float("inf"))
    ('99.9', '0', 'inf')
    """
    exact = value if isinstance(value, Decimal) else Decimal(f"{value:.12g}")
    if not exact.is_finite():
        return str(value)
    return f"{exact.normalize():f}" if exact else "0"
