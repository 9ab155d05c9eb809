"""Windows of objectives, and when one begins and ends. No Django in it.

- `28d`, `6h`: rolling, any number of days or hours.
- `month`, `quarter`, `year`: by the calendar, in UTC.
- `7d@2026-01-03T12:00[Europe/Berlin]`, `1M@2026-01-15T00:00[UTC]`: one after the other from a
  moment on, by the clock and the calendar of a place. From the 31st on, a shorter month's window
  begins on its last day.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONGEST_DAYS = 366
LONGEST_MONTHS = 12
LONGEST_TEXT = 80
"""Characters."""
CALENDAR = {"month": 1, "quarter": 3, "year": 12}
_USUAL_DAYS = 30.4375
"""Of a month."""
_ROLLING = re.compile(r"([1-9]\d{0,3})([hd])", re.ASCII)
_ROLLING_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}
_ANCHORED = re.compile(
    r"([1-9]\d{0,2})([dM])@(\d{4}-\d\d-\d\dT\d\d:\d\d)\[([A-Za-z0-9_+\-/]{1,40})\]", re.ASCII
)


@dataclass(frozen=True)
class _Anchored:
    count: int
    unit: str
    start: datetime
    """without a zone"""
    zone: ZoneInfo

    def begin(self, number: int) -> datetime:
        """When the window with a number begins, by the clock of its place."""
        if self.unit == "d":
            return self.start + timedelta(days=self.count * number)
        months = self.start.year * 12 + self.start.month - 1 + self.count * number
        year, month = divmod(months, 12)
        day = min(self.start.day, calendar.monthrange(year, month + 1)[1])
        return self.start.replace(year=year, month=month + 1, day=day)

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        here = now.astimezone(self.zone).replace(tzinfo=None)
        if self.unit == "d":
            number = (here - self.start) // timedelta(days=self.count)
        else:
            passed = (here.year - self.start.year) * 12 + here.month - self.start.month
            number = passed // self.count
            if self.begin(number) > here:
                number -= 1
        begin, end = (
            self.begin(each).replace(tzinfo=self.zone).astimezone(UTC)
            for each in (number, number + 1)
        )
        return begin, end


def rolling(kind: str) -> timedelta | None:
    """How long a rolling window is; None for any other kind."""
    match = _ROLLING.fullmatch(kind)
    if match is None:
        return None
    length = int(match[1]) * _ROLLING_UNITS[match[2]]
    return length if length <= timedelta(days=LONGEST_DAYS) else None


def is_window(kind: str) -> bool:
    return kind in CALENDAR or rolling(kind) is not None or _anchored(kind) is not None


def window(kind: str, now: datetime) -> tuple[datetime, datetime]:
    """The window of an objective at `now`: rolling ones end then, calendar ones contain it (UTC).

    Raises KeyError for a kind that is no window.
    """
    now = now.astimezone(UTC)
    if length := rolling(kind):
        return now - length, now
    if anchored := _anchored(kind):
        return anchored.window(now)
    months = CALENDAR[kind]
    first = (now.month - 1) // months * months + 1
    start = datetime(now.year, first, 1, tzinfo=UTC)
    after = first - 1 + months
    return start, datetime(now.year + after // 12, after % 12 + 1, 1, tzinfo=UTC)


def usual_length(kind: str) -> timedelta:
    """How long a window is, of months the usual whole days. Raises KeyError."""
    if length := rolling(kind):
        return length
    anchored = _anchored(kind)
    if anchored and anchored.unit == "d":
        return timedelta(days=anchored.count)
    return timedelta(days=int(_USUAL_DAYS * (anchored.count if anchored else CALENDAR[kind])))


def in_words(kind: str) -> str:
    """As in “28 days, rolling”."""
    if rolling(kind):
        count, unit = int(kind[:-1]), {"h": "hour", "d": "day"}[kind[-1]]
        return f"{count} {unit}{'' if count == 1 else 's'}, rolling"
    anchored = _anchored(kind)
    if anchored is None:
        return f"calendar {kind}"
    unit = {"d": "day", "M": "month"}[anchored.unit] + ("" if anchored.count == 1 else "s")
    return f"{anchored.count} {unit} at a time from {anchored.start:%Y-%m-%d %H:%M} {anchored.zone}"


def _anchored(kind: str) -> _Anchored | None:
    match = _ANCHORED.fullmatch(kind)
    if match is None:
        return None
    count, unit = int(match[1]), match[2]
    if count > (LONGEST_DAYS if unit == "d" else LONGEST_MONTHS):
        return None
    try:
        start = datetime.fromisoformat(match[3])
        # A folder of zones, or a name outside it, raises OSError or ValueError.
        return _Anchored(count, unit, start, ZoneInfo(match[4]))
    except (ValueError, KeyError, OSError):
        return None
