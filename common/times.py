"""Reads times and dates as people, exports and monitors write them. No text makes it raise.

Everything read is UTC unless the text carries an offset or the caller names a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from django.utils.dateparse import parse_datetime

from common.written_times import MONTHS, DateOrder, read_written_time, without_accents

EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
"""Histories hold accidents of any age; year 1 is how some languages write "no time"."""
UNSET_CLOCK = (datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
"""The start of Unix time, in any zone: a clock that was never set."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
EARLIEST_NUMBER = datetime(1990, 1, 1, tzinfo=UTC)
"""A number that would be an earlier time is a duration, an id or zero for "never"."""

_NUMBER = re.compile(r"\d{1,19}(?:\.\d{1,9}(?:e\+?\d{1,2})?)?", re.ASCII | re.IGNORECASE)
_DOTNET = re.compile(r"/Date\((\d{12,14})(?:[+-]\d{4})?\)/", re.ASCII)
_COMPACT = re.compile(r"(?:19|20)\d{10}(?:\d\d)?", re.ASCII)
_WEEK_ALONE = re.compile(r"\d{4}-?W\d\d(?![\d-])", re.ASCII | re.IGNORECASE)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d(?!\d)"
_DATE_IN_PROSE = re.compile(
    rf"(?<!\d)(?<!\d[./-])(?:(?:19|20)\d\d([-/._])\d{{1,2}}\1\d{{1,2}}(?!\d)|(?:19|20)\d{{6}}(?!\d)|"
    rf"\d{{1,2}}([./])\d{{1,2}}\2{_YEAR}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)?[ -]{{1,3}}(?:of |de )?(?:{_MONTH})\.?,?[ -](?:de )?{_YEAR}|"
    rf"\b(?:{_MONTH})\.?\s{{1,3}}\d{{1,2}}(?:st|nd|rd|th)?,?\s{{1,3}}{_YEAR})",
    re.IGNORECASE | re.ASCII,
)
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From which number on it counts how many parts of a second: nano-, micro-, milliseconds."""


def parse_time(
    value: Any, zone: tzinfo = UTC, formats: Iterable[str] = (), order: DateOrder = ""
) -> datetime | None:
    """A time in UTC; None for what is no time, one before 1000 or after 2200, or the
    start of Unix time.

    Reads datetimes and dates; seconds, milli-, micro- or nanoseconds since 1970 as number or text;
    ISO 8601; dates and times in words, with slashes or dots (`written_times`); and `formats` of
    strptime. `zone` is for texts and datetimes without an offset, `order` for 05/03/2026.

    >>> parse_time("2026-03-01 02:57"), parse_time(1772333820) == parse_time("2026-03-01T02:57Z")
    (datetime.datetime(2026, 3, 1, 2, 57, tzinfo=datetime.timezone.utc), True)
    """
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return _from_number(value)
        if isinstance(value, datetime):
            return _in_bounds(value, zone)
        if isinstance(value, date):
            return _in_bounds(datetime(value.year, value.month, value.day), zone)
        if isinstance(value, str):
            return _from_text(value.strip(), zone, formats, order)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def is_only_a_day(value: Any) -> bool:
    """Whether a value that is a time says the day but not the hour."""
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text) and _from_number_safely(text):
            return False
        written = read_written_time(text, "day-first") or read_written_time(text, "month-first")
        return written is not None and written.clock is None
    return isinstance(value, date) and not isinstance(value, datetime)


def _from_number(value: float) -> datetime | None:
    parts = next((parts for least, parts in _UNITS if value > least), 1)
    at = datetime.fromtimestamp(value / parts, UTC)
    return at if EARLIEST_NUMBER <= at < LATEST else None


def _from_number_safely(text: str) -> datetime | None:
    try:
        return _from_number(float(text))
    except (ValueError, OverflowError, OSError):
        return None


def _from_text(
    text: str, zone: tzinfo, formats: Iterable[str], order: DateOrder
) -> datetime | None:
    if _NUMBER.fullmatch(text) and (at := _from_number_safely(text)):
        return at
    if match := _DOTNET.fullmatch(text):
        return _from_number(int(match[1]))
    if _COMPACT.fullmatch(text):
        return _in_bounds(datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S"), zone)
    if _WEEK_ALONE.match(text):  # Python reads it as its Monday.
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    for form in formats if found is None else ():
        try:
            found = datetime.strptime(text, form)
            break
        except ValueError:
            continue
    if found is None and (written := read_written_time(text, order)):
        found = written.moment(zone)
    return None if found is None else _in_bounds(found, zone)


def _in_bounds(at: datetime, zone: tzinfo) -> datetime | None:
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    if UNSET_CLOCK[0] <= at < UNSET_CLOCK[1]:
        return None
    return at if EARLIEST <= at < LATEST else None


def period_of(text: str) -> tuple[datetime, datetime]:
    """The start of a year, month or day, and the start of the next. Raises ValueError in words.

    >>> [f"{each:%Y-%m-%d}" for each in period_of("2026-12")]
    ['2026-12-01', '2027-01-01']
    """
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no date such as 2026, 2026-01 or 2026-01-31.")
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    try:
        start = datetime(year, month, day, tzinfo=UTC)
        if match[3]:
            return start, start + timedelta(days=1)
        if match[2]:
            return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return start, datetime(year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not in the calendar.") from None


def first_date_in(text: str, zone: tzinfo = UTC, order: DateOrder = "") -> datetime | None:
    """The first date that prose mentions, as 2026-03-01, March 1st, 2026, 1. März 2026 or 1.3.2026.

    >>> first_date_in("On 1 March 2026 the certificate of the relay expired.")
    datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    for match in _DATE_IN_PROSE.finditer(without_accents(text)):
        found = parse_time(match[0].replace("_", "-"), zone, order=order)
        if found:
            return found
    return None
