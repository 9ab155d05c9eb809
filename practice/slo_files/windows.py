"""Windows of objectives as tools write them, as the windows that are counted.

`practice/core/windows.py` says what they look like.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from common.payloads import text
from common.times import parse_time
from practice.slo_files.base import Refused, mapping

LONGEST_DAYS = 366
_PART = re.compile(r"(\d{1,12})\s*(ms|[smhdwyMQY])\s*", re.ASCII)
_SECONDS = {
    "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400,
}  # fmt: skip
_PERIODS = {
    "d": (1, "d"), "w": (7, "d"), "M": (1, "M"), "Q": (3, "M"), "Y": (12, "M"), "y": (12, "M"),
}  # fmt: skip
_IN_UTC = {1: "month", 3: "quarter", 12: "year"}
_UNITS = {
    "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w", "month": "M",
    "quarter": "Q", "year": "Y",
}  # fmt: skip


def seconds(value: Any) -> float | None:
    """Seconds of a duration such as 5m, 1w3d or 720h; None for any other, or one without length.

    >>> seconds("1w3d"), seconds("1M")
    (864000.0, None)
    """
    written = text(value, limit=60)
    parts = list(_PART.finditer(written))
    if not parts or sum(len(part[0]) for part in parts) != len(written):
        return None
    if any(part[2] not in _SECONDS for part in parts):
        return None
    return float(sum(int(part[1]) * _SECONDS[part[2]] for part in parts)) or None


def rolling(value: Any, field: str) -> str:
    """The window of a duration. Raises Refused."""
    written = text(value, limit=60)
    if not written:
        raise Refused(f"“{field}” is missing: write a length such as 28d.")
    length = seconds(written)
    if length is None and re.fullmatch(r"\d{1,6}\s*[MQY]", written, re.ASCII):
        raise Refused(f"“{field}” is {written}, which has no fixed length: write days, as in 30d.")
    if length is None:
        raise Refused(f"“{field}” is “{written}”, which is no duration such as 28d or 4w.")
    hours = length / 3600
    if hours != int(hours) or not 1 <= hours <= 24 * LONGEST_DAYS:
        raise Refused(f"“{field}” is {written}: windows are whole hours, 1h to {LONGEST_DAYS}d.")
    return f"{hours:.0f}h" if hours % 24 else f"{hours / 24:.0f}d"


def of_openslo(spec: dict[str, Any]) -> tuple[str, list[str]]:
    """The window of an OpenSLO objective, any version, with remarks. Raises Refused."""
    field = "timeWindow" if "timeWindow" in spec else "timeWindows"
    listed = spec.get(field)
    item = mapping(listed[0] if isinstance(listed, list) and listed else listed)
    if not item:
        return "28d", ["It names no “timeWindow”: 28 days, rolling, were assumed."]
    written = text(item, "duration", 60)
    if not written:
        unit = text(item, "unit", 20).lower()
        short = _UNITS.get(unit.removesuffix("s"), "")
        written = text(item, "count", 12) + short
        if not short or written == short:
            raise Refused(f"“{field}” has neither “duration” nor “count” and “unit”.")
    calendar = mapping(item.get("calendar"))
    is_rolling = item.get("isRolling")
    if not isinstance(is_rolling, bool):
        is_rolling = not calendar and written[-1:] not in ("M", "Q", "Y")
    if is_rolling:
        return rolling(written, field), []
    return _calendar(written, field, calendar), []


def _calendar(written: str, field: str, calendar: dict[str, Any]) -> str:
    match = re.fullmatch(r"(\d{1,3})\s*([dwMQYy])", written, re.ASCII)
    if match is None or not int(match[1]):
        hint = " (1m is a minute, 1M a month)" if written.endswith("m") else ""
        raise Refused(f"“{field}” is {written} by the calendar; write days, as in 1w or 1M{hint}.")
    factor, unit = _PERIODS[match[2]]
    count = int(match[1]) * factor
    if count > (LONGEST_DAYS if unit == "d" else 12):
        raise Refused(f"“{field}” is {written}: windows are at most a year.")
    zone = text(calendar, "timeZone", 40) or "UTC"
    start = parse_time(calendar.get("startTime"))
    months = _IN_UTC.get(count) if unit == "M" else None
    if start is None:
        if months is None:
            raise Refused(f"“{field}” is {written} by the calendar, without “calendar.startTime”.")
        start = datetime(2020, 1, 1, tzinfo=UTC)
    first = start.day == 1 and not start.hour and not start.minute and not (start.month - 1) % count
    if months and first and zone.upper() in ("UTC", "ETC/UTC", "GMT", "Z"):
        return months
    return f"{count}{unit}@{start:%Y-%m-%dT%H:%M}[{zone}]"
