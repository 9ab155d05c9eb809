"""Times as spreadsheets write them where a cell has no format for dates: 45292.4166667.

The whole part counts days since 30 December 1899, the fraction is the part of the day. It is local
time of whoever wrote it. Workbooks that count from 1904 are 1,462 days off; nothing shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

DAY_0 = datetime(1899, 12, 30)
FIRST = (date(1990, 1, 1) - DAY_0.date()).days
AFTER_LAST = (date(2100, 1, 1) - DAY_0.date()).days
"""From 1990 to 2099: 32,874 to 73,050. As seconds since 1970 it would be a day of January 1970."""
_WRITTEN = re.compile(r"\d{5}(?:[.,]\d{1,15})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,19}(?:[.,]\d{1,15})?", re.ASCII)


def day_number(value: Any) -> float | None:
    """A number, or one as text, that may be a day number; None for anything else.

    >>> day_number("45292,4166667"), day_number(1772333820), day_number("45 292")
    (45292.4166667, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = float(text.replace(",", ".")) if _WRITTEN.fullmatch(text) else None
    is_one = isinstance(value, int | float) and FIRST <= value < AFTER_LAST
    return float(value) if is_one else None


def moment_of_day_number(number: float, zone: tzinfo = UTC) -> datetime:
    """In UTC, to the second: cells show fewer digits than a day has seconds.

    >>> moment_of_day_number(45292.4166667)
    datetime.datetime(2024, 1, 1, 10, 0, tzinfo=datetime.timezone.utc)
    """
    local = DAY_0 + timedelta(seconds=round(number * 86_400))
    return local.replace(tzinfo=zone).astimezone(UTC)


def holds_day_numbers(values: Iterable[Any]) -> bool:
    """Whether a column of times holds day numbers: one has a fraction, no other number is there.

    Whole numbers alone may be anything.
    """
    fractions = False
    for value in values:
        number = day_number(value)
        if number is None and _is_number(value):
            return False
        fractions = fractions or (number is not None and number != int(number))
    return fractions


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value.strip()))
    return isinstance(value, int | float) and not isinstance(value, bool)
