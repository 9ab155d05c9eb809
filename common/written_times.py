"""Reads dates and times as people and programs write them: words, slashes, dots, zones.

A text is cut into words and numbers; a word that belongs to no time makes it none, so prose is
never read as one. All patterns have bounded repetitions, so that reading takes linear time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

DateOrder = Literal["", "day-first", "month-first"]
"""How 05/03/2026 is meant; empty where nobody said."""

MAX_LENGTH = 120
_PIVOT = 70
"""Two-digit years from here on are of the last century."""

_MONTHS = """
january february march april may june july august september october november december
januar februar marz mai juni juli august september oktober november dezember
janner feber maerz jan feb mrz apr jun jul aug sep sept okt oct nov dez dec mar
janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
janv fevr fev avr juil
enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
ene abr ago dic
gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre gen mag giu lug set ott
janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro out
januari februari maart mei augustus mrt
"""
_NUMBER_OF_STEM = {
    "ja": 1, "janv": 1, "en": 1, "ge": 1, "fe": 2, "fev": 2, "mar": 3, "mae": 3, "mrz": 3,
    "mrt": 3, "maa": 3, "ap": 4, "av": 4, "ab": 4, "mai": 5, "may": 5, "mag": 5, "mei": 5,
    "jun": 6, "jui": 6, "gi": 6, "juil": 7, "jul": 7, "lu": 7, "au": 8, "ao": 8, "ag": 8,
    "se": 9, "oc": 10, "ok": 10, "ot": 10, "ou": 10, "no": 11, "de": 12, "di": 12,
}  # fmt: skip
"""By how the names of a month begin, in English, German, French, Spanish, Italian, Portuguese and
Dutch; the longest beginning that fits counts."""


def _month_number(name: str) -> int:
    return next(_NUMBER_OF_STEM[name[:n]] for n in (4, 3, 2) if name[:n] in _NUMBER_OF_STEM)


MONTHS = {name: _month_number(name) for name in _MONTHS.split()}

_WEEKDAYS = set(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri
    sat sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa
    so lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim lunes martes
    miercoles jueves viernes sabado domingo mie jue vie sab dom
    """.split()
)
_FILLERS = set(
    """
    at on of the of from around about approx approximately circa ca c um am den der vom gegen uhr
    a le la de del el las los du vers les en est y hrs hours oclock h time local date
    as alle ore om uur dem
    """.split()
)
"""Words in written times that do not change them."""
_ORDINALS = {"st", "nd", "rd", "th", "er", "re", "eme"}

_OFFSETS = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "mez": 1, "wat": 1,
    "cest": 2, "mesz": 2, "eet": 2, "cat": 2, "sast": 2, "eest": 3, "msk": 3, "eat": 3, "trt": 3,
    "gst": 4, "pkt": 5, "ist": 5.5, "wib": 7, "ict": 7, "sgt": 8, "hkt": 8, "awst": 8, "pht": 8,
    "jst": 9, "kst": 9, "acst": 9.5, "aest": 10, "acdt": 10.5, "aedt": 11, "nzst": 12, "nzdt": 13,
    "brt": -3, "art": -3, "adt": -3, "ast": -4, "edt": -4, "est": -5, "cdt": -5, "cst": -6,
    "mdt": -6, "mst": -7, "pdt": -7, "pst": -8, "akdt": -8, "akst": -9, "hst": -10,
}  # fmt: skip
_REGIONS = {
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver",
    "pt": "America/Los_Angeles", "eastern": "America/New_York", "central": "America/Chicago",
    "mountain": "America/Denver", "pacific": "America/Los_Angeles",
}  # fmt: skip

_ZONES_IN_WORDS = {
    "central european summer time": "cest", "central european time": "cet",
    "mitteleuropaische sommerzeit": "mesz", "mitteleuropaische zeit": "mez",
    "eastern european time": "eet", "eastern european summer time": "eest",
    "british summer time": "bst", "india standard time": "ist", "indian standard time": "ist",
    "japan standard time": "jst", "coordinated universal time": "utc",
    "greenwich mean time": "gmt", "pacific standard time": "pst", "pacific daylight time": "pdt",
    "eastern standard time": "est", "eastern daylight time": "edt",
    "central standard time": "cst", "central daylight time": "cdt",
    "mountain standard time": "mst", "mountain daylight time": "mdt",
}  # fmt: skip
_CLOCK = re.compile(
    r"(?<![\d.])(?:T(?=\d\d:))?(\d{1,2})(?::|\s?h\s?)(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?!\d)"
    r"\s{0,3}(?:([ap])\.?\s?m\b\.?)?",
    re.IGNORECASE | re.ASCII,
)
_HOUR = re.compile(
    r"(?<![\d.:/-])(\d{1,2})(?:\.(\d{2}))?\s{0,2}(?:(?:([ap])\.?\s?m\b\.?)|uhr\b|h\b|o'clock\b)",
    re.IGNORECASE | re.ASCII,
)
_OFFSET = re.compile(r"(?:(?<=\d)|(?<=\s)|(?<=utc)|(?<=gmt)|(?<=m))\s{0,2}([+-])(\d{1,2}):?(\d{2})?"
                     r"(?![\d/.:-])", re.IGNORECASE | re.ASCII)  # fmt: skip
_REGION = re.compile(r"\b[A-Za-z_]{2,20}/[A-Za-z_+-]{2,30}(?:/[A-Za-z_-]{2,30})?")
_WORD = re.compile(r"\d{1,16}|[a-z]{1,30}|[./-]|[^\sa-z\d]", re.ASCII)
_DROPPED = str.maketrans(
    {"年": "-", "月": "-", "日": " ", "時": ":", "时": ":", "分": " ", "秒": " ", "–": "-",
     "—": "-",
     "년": "-", "월": "-", "일": " ", "시": ":", "분": " ", "초": " ", "~": " ", "≈": " ",
     "−": "-", "‐": "-", "\u202f": " ", "\xa0": " ", "’": "'", "º": " ", "ª": " ", "，": ","}
)  # fmt: skip
_OF_FILE_NAME = re.compile(
    r"(\d{4})[-_](\d\d)[-_](\d\d)[_T](\d\d)[-_](\d\d)(?:[-_](\d\d))?(?!\d)", re.ASCII
)
_MONOTONIC = re.compile(r"\sm=[+-]\d{1,12}(?:\.\d{1,12})?$", re.ASCII)
"""What Go writes behind a time that it took itself."""
_MILITARY = re.compile(
    r"(?<![\d.:/+-])([01]\d|2[0-3])([0-5]\d)\s?(?=(?:utc|gmt|z|hrs|hours|uhr|c?e[sd]?t)\b)",
    re.IGNORECASE | re.ASCII,
)
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_DAY_OF_YEAR = re.compile(r"(?<![\w-])(\d{4})-(\d{3})(?![\d-])", re.ASCII)
_DAY_OF_WEEK = re.compile(r"(?<![\w-])(\d{4})-?W(\d\d)-?([1-7])(?![\d-])", re.ASCII | re.IGNORECASE)
"""2026-331 and 2026-W48-5 of ISO 8601."""
_DASH_AFTER_DAY = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[ T]", re.ASCII)


@dataclass(frozen=True)
class WrittenTime:
    """What a text says of a time; None for what it leaves open."""

    day: date | None = None
    clock: time | None = None
    zone: tzinfo | None = None

    def moment(self, zone: tzinfo = UTC, day: date | None = None) -> datetime | None:
        """In UTC; a day without a clock is its midnight, a clock needs `day` for its own."""
        on = self.day or day
        if on is None:
            return None
        return datetime.combine(on, self.clock or time(), self.zone or zone).astimezone(UTC)


def read_written_time(text: str, order: DateOrder = "") -> WrittenTime | None:
    """What a text says of a time, if it says nothing else; None for any other text."""
    text = text.strip()
    if not text or len(text) > MAX_LENGTH:
        return None
    plain = _plain(text)
    zone, plain = _zone_in(plain)
    offset_free, offset = _offset_in(plain)
    clock, rest = _clock_in(offset_free)
    if offset is not None and clock is None:
        rest, offset = plain, None
    named, day = _day_in(rest, order)
    if day is _NOT_A_DAY or (day is None and clock is None):
        return None
    found_zone = offset if offset is not None else zone if zone is not None else named
    return WrittenTime(day, clock, found_zone)  # type: ignore[arg-type]  # no sentinel here


def zone_named(name: str) -> tzinfo | None:
    """The zone of a name such as Europe/Berlin, CET, ET, UTC+2 or +0530; None if unknown."""
    name = name.strip()[:60]
    lower = name.lower()
    if lower in _OFFSETS:
        return _fixed(_OFFSETS[lower])
    if lower in _REGIONS:
        return _region(_REGIONS[lower])
    match = re.fullmatch(r"(?:utc|gmt)?\s?([+-])(\d{1,2}):?(\d{2})?", lower, re.ASCII)
    if match:
        return _offset(match[1], match[2], match[3])
    return _region(name)


def date_order_of(values: Iterable[str]) -> DateOrder:
    """The order that the unambiguous values of a column show: 13/03/2026 has the day first.

    Empty when none is unambiguous or they contradict each other.
    """
    found: set[DateOrder] = set()
    for value in values:
        text, _ = _offset_in(_plain(value.strip()[:MAX_LENGTH]))
        match = re.match(r"\D{0,12}(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", text, re.ASCII)
        if match and 12 < int(match[1]) <= 31 and 1 <= int(match[3]) <= 12:
            found.add("day-first")
        elif match and 12 < int(match[3]) <= 31 and 1 <= int(match[1]) <= 12:
            found.add("month-first")
    return found.pop() if len(found) == 1 else ""


def is_ambiguous(text: str) -> bool:
    """Whether a text is a time only once somebody says if the day or the month comes first."""
    return read_written_time(text) is None and (
        read_written_time(text, "day-first") is not None
        and read_written_time(text, "month-first") is not None
    )


def without_accents(text: str) -> str:
    """Letters without their marks: März becomes Marz.

    >>> without_accents("5. März à 10 h")
    '5. Marz a 10 h'
    """
    text = unicodedata.normalize("NFKD", text)
    return "".join(char for char in text if not unicodedata.combining(char))


def _plain(text: str) -> str:
    plain = without_accents(_MONOTONIC.sub("", text).translate(_DROPPED))
    plain = _OF_FILE_NAME.sub(
        lambda found: f"{found[1]}-{found[2]}-{found[3]} {found[4]}:{found[5]}:{found[6] or '00'}",
        plain,
    )
    plain = _DAY_OF_WEEK.sub(_day_of_week, _DAY_OF_YEAR.sub(_day_of_year, plain))
    if ":" not in plain and len(_FOUR_DIGITS.findall(plain)) == 2:
        plain = _MILITARY.sub(r"\1:\2 ", plain)
    lower = plain.lower()
    for words, zone in _ZONES_IN_WORDS.items():
        if words in lower:
            start = lower.index(words)
            return f"{plain[:start]}{zone}{plain[start + len(words) :]}"
    return plain


def _day_of_year(match: re.Match[str]) -> str:
    """As year, month and day; as it is if the year has no such day."""
    year, number = int(match[1]), int(match[2])
    day = date(year, 1, 1) + timedelta(days=number - 1) if MINYEAR <= year < MAXYEAR else None
    return f"{day}" if day and day.year == year else match[0]


def _day_of_week(match: re.Match[str]) -> str:
    try:
        return f"{date.fromisocalendar(int(match[1]), int(match[2]), int(match[3]))}"
    except ValueError:
        return match[0]


def _fixed(hours: float) -> tzinfo:
    return UTC if not hours else timezone(timedelta(hours=hours))


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo | None:
    if len(hours) + len(minutes or "") == 3 and minutes:
        return None
    total = int(hours) * 60 + int(minutes or 0)
    if total > 14 * 60 or total % 15:
        return None
    return timezone(timedelta(minutes=-total if sign == "-" else total)) if total else UTC


@cache
def _region(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, LookupError):  # Also a name that is a folder of zones.
        return None


def _zone_in(text: str) -> tuple[tzinfo | None, str]:
    """A region such as Europe/Berlin, and the text without it."""
    match = _REGION.search(text)
    zone = _region(match[0]) if match else None
    if match is None or zone is None:
        return None, text
    return zone, f"{text[: match.start()].rstrip(' (')} {text[match.end() :].lstrip(' )')}"


def _offset_in(text: str) -> tuple[str, tzinfo | None]:
    for match in _OFFSET.finditer(text):
        before = text[: match.start()].rstrip()
        # A sign after a clock, a zone or AM is an offset; after a day it parts a date or a range.
        if not (_CLOCK.search(before) or _HOUR.search(before)) or re.search(r"-\s*$", before):
            continue
        zone = _offset(match[1], match[2], match[3])
        if zone is not None:
            before = re.sub(r"(?i)\b(?:utc|gmt)$", "", before)
            return f"{before} {text[match.end() :]}", zone
    return text, None


def _clock_in(text: str) -> tuple[time | None, str]:
    """The first time of day, and the text without it."""
    text = _DASH_AFTER_DAY.sub(r"\1 ", text)
    match = _CLOCK.search(text)
    if match:
        hour, minute, second, fraction, half = match.groups()
    else:
        match = _HOUR.search(text)
        if match is None:
            return None, text
        hour, minute, half = match.groups()
        second = fraction = None
    found = _time_of(int(hour), int(minute or 0), int(second or 0), fraction or "", half or "")
    if found is None:  # What is left of it makes the text none.
        return None, text
    return found, f"{text[: match.start()].rstrip('Tt:')} {text[match.end() :]}"


def _time_of(hour: int, minute: int, second: int, fraction: str, half: str) -> time | None:
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    return time(hour, minute, min(second, 59), int(fraction.ljust(6, "0")[:6] or 0))


_NOT_A_DAY = object()


def _day_in(text: str, order: DateOrder) -> tuple[tzinfo | None, date | object | None]:
    """A zone and a day; `_NOT_A_DAY` if anything else is written."""
    zone: tzinfo | None = None
    numbers: list[str] = []
    separators: set[str] = set()
    month = 0
    month_at = 0
    for word in _WORD.findall(text.lower()):
        if word.isdigit():
            numbers.append(word)
        elif word in MONTHS and not month:
            month, month_at = MONTHS[word], len(numbers)
        elif word in _OFFSETS and zone is None and word not in ("z",):
            zone = _fixed(_OFFSETS[word])
        elif word == "z" and zone is None:
            zone = UTC
        elif word in _REGIONS and zone is None:
            zone = _region(_REGIONS[word])
        elif word in "./-":
            separators.add(word)
        elif word in MONTHS and word in ("mar", "mars"):
            continue
        elif word not in _WEEKDAYS | _FILLERS | _ORDINALS and word not in ",()[]'@|":
            return None, _NOT_A_DAY
    if not numbers and not month:
        return zone, None
    day = _dated(numbers, month, month_at, separators, order)
    return zone, _NOT_A_DAY if day is None else day


def _dated(
    numbers: list[str], month: int, month_at: int, separators: set[str], order: DateOrder
) -> date | None:
    if month:
        if len(numbers) != 2 or month_at > 1:
            return None
        first, second = numbers
        year, of_month = (first, second) if len(first) == 4 else (second, first)
        return _day_of(year, month, int(of_month)) if len(of_month) <= 2 else None
    if len(numbers) == 1 and len(numbers[0]) == 8:
        return _day_of(numbers[0][:4], int(numbers[0][4:6]), int(numbers[0][6:]))
    if len(numbers) != 3 or not separators:
        return None
    one, two, three = numbers
    if len(one) == 4:
        return _day_of(one, int(two), int(three)) if len(three) <= 2 else None
    if len(one) > 2 or len(two) > 2 or len(three) not in (2, 4):
        return None
    day_first = _day_comes_first(int(one), int(two), "." in separators, order)
    if day_first is None:
        return None
    day, month = (int(one), int(two)) if day_first else (int(two), int(one))
    return _day_of(three, month, day)


def _day_comes_first(one: int, two: int, dotted: bool, order: DateOrder) -> bool | None:
    if one > 12 or two > 12:
        return one > 12
    if order:
        return order == "day-first"
    # With dots the day comes first everywhere; with slashes it depends on who writes.
    return True if dotted or one == two else None


def _day_of(year: str, month: int, day: int) -> date | None:
    if len(year) not in (2, 4):
        return None
    whole = int(year)
    if len(year) == 2:
        whole += 1900 if whole >= _PIVOT else 2000
    try:
        return date(whole, month, day)
    except ValueError:
        return None
