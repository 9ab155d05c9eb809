"""Reads ranges of time and lengths in reports: "10:00 to 11:06 UTC", "1 h 6 min"."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from common.written_times import DateOrder, WrittenTime, read_written_time, without_accents

_MAX_LENGTH = 200
_BETWEEN = re.compile(
    r"\s{1,3}(?:to|until|till|through|thru|and|bis|und|jusqu'a|a|et|hasta|y|al?)\s{1,3}|"
    r"\s{0,3}(?:–|—|->|=>|→|~|\.{2,3})\s{0,3}|\s{1,3}-{1,2}\s{1,3}|(?<=\d)-(?=\d{1,2}:\d\d)|"
    r"(?<=[APap][Mm])-(?=\d)",
    re.IGNORECASE,
)
_START_WORDS = re.compile(r"^(?:from|between|von|zwischen|de|du|entre|desde)\s{1,3}", re.IGNORECASE)
_LENGTH_BEHIND = re.compile(r"\s{0,3}[(\[,;]\s{0,2}([^()\[\]]{1,60})[)\]]?\s{0,3}$")
_HALF = re.compile(r"\d\s{0,2}([ap])\.?m\b", re.IGNORECASE)
_PART = re.compile(
    r"(\d{1,6}(?:[.,]\d{1,3})?)\s{0,2}-?"
    r"(?:(d|days?|tagen?|tage?|jours?|dias?)|(h|hr|hrs|hours?|std|stunden?|heures?|horas?)|"
    r"(m|min|mins|minutes?|minuten?|minutos?)|(s|sec|secs|seconds?|sek|sekunden?|secondes?|segundos?))(?![a-z])",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"\b(?:about|approx(?:imately)?|around|roughly|ca|circa|etwa|environ|unos|and|und|et|y|total|"
    r"in|of|downtime|outage)\b|[\s,.~≈()&+]",
    re.IGNORECASE,
)
_ISO_WITH_OFFSET = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d|[ T]\d\d:\d\d:\d\d)[.,\d:]{0,12}\s?[+-]\d\d:?\d\d", re.ASCII
)
_ONE = r"\d{1,2}[:h]\d\d(?::\d\d)?(?:\s?[ap]\.?m\b\.?)?(?:\s?(?:UTC|GMT|Z|[A-Z]{3,4}|[ECMP]T)\b)?"
_PAIR = re.compile(
    rf"(?<![\d:.-]){_ONE}(?:\s?(?:-|–|—|→|->)\s?|\s(?:to|until|till|and|bis|und|a|et|hasta|y)\s){_ONE}",
    re.IGNORECASE,
)
_CLOCKED = re.compile(r"(\d{1,3}):(\d\d)(?::(\d\d))?", re.ASCII)


def length_in(text: str) -> timedelta | None:
    """The length of time that a text is, such as "1h 6m", "66 minutes" or "01:06:00".

    >>> length_in("about 1 hour and 6 minutes"), length_in("all day")
    (datetime.timedelta(seconds=3960), None)
    """
    text = without_accents(text.strip())[:_MAX_LENGTH]
    if match := _CLOCKED.fullmatch(text):
        return timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3] or 0))
    total, rest = 0.0, text
    for match in _PART.finditer(text):
        amount = float(match[1].replace(",", "."))
        total += amount * next(
            unit
            for unit, found in zip((86400, 3600, 60, 1), match.groups()[1:], strict=True)
            if found
        )
        rest = rest.replace(match[0], " ", 1)
    if not total or total > 3e8 or _AROUND.sub("", rest):
        return None
    return timedelta(seconds=total)


def read_range(
    text: str, day: date | None = None, zone: tzinfo = UTC, order: DateOrder = ""
) -> tuple[datetime, datetime] | None:
    """Start and end in UTC of a range; clocks without a date are on `day`, over midnight too.

    >>> start, end = read_range("10:00 to 11:06 UTC", date(2026, 3, 7))
    >>> f"{start:%d %H:%M} {end:%d %H:%M}"
    '07 10:00 07 11:06'
    """
    text = _START_WORDS.sub("", without_accents(text[:_MAX_LENGTH]).strip())
    if _ISO_WITH_OFFSET.fullmatch(text):
        return None
    behind = _LENGTH_BEHIND.search(text)
    if behind and length_in(behind[1]) is not None:
        text = text[: behind.start()]
    for match in _BETWEEN.finditer(text):
        first, second = text[: match.start()], text[match.end() :]
        end = read_written_time(second, order)
        start = read_written_time(_with_half(first, second), order) if end else None
        start = start or (read_written_time(first, order) if end else None)
        if start and end and (found := _moments(start, end, day, zone)):
            return found
    inside = _PAIR.search(text)
    if inside and inside[0] != text:
        return read_range(inside[0], day, zone, order)
    return None


def find_range(
    prose: str, day: date | None = None, zone: tzinfo = UTC, order: DateOrder = ""
) -> tuple[datetime, datetime] | None:
    """The first range of clocks in prose: “Between 10:04 and 11:06 UTC on 5 March searches failed”.

    Both clocks are on `day`.
    """
    for match in _PAIR.finditer(without_accents(prose[:4000])):
        if found := read_range(match[0], day, zone, order):
            return found
    return None


def _with_half(first: str, second: str) -> str:
    """“2:00” before “3:15 PM” is in the afternoon too."""
    half = _HALF.search(second)
    return f"{first} {half[1]}m" if half and not _HALF.search(first) else first


def _moments(
    start: WrittenTime, end: WrittenTime, day: date | None, zone: tzinfo
) -> tuple[datetime, datetime] | None:
    if start.clock is None or end.clock is None:
        return None
    zone = start.zone or end.zone or zone
    first_day = start.day or day or end.day
    begun = start.moment(zone, first_day)
    ended = end.moment(zone, end.day or start.day or day)
    if begun is None or ended is None:
        return None
    if ended < begun and end.day is None:
        ended += timedelta(days=1)
    return (begun, ended) if begun <= ended else None
