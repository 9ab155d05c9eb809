"""Windows of objectives: hours or days, by the calendar, and from a moment on at a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core import windows
from practice.core.error_budget import burn_alerts

DAY = 86_400.0


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "now", "start", "end"),
    [
        pytest.param("14d", at(2027, 3, 8), at(2027, 2, 22), at(2027, 3, 8), id="two weeks"),
        pytest.param("1d", at(2027, 3, 8), at(2027, 3, 7), at(2027, 3, 8), id="one day"),
        pytest.param("6h", at(2027, 3, 8, 2), at(2027, 3, 7, 20), at(2027, 3, 8, 2), id="6 hours"),
        pytest.param("366d", at(2028, 3, 1), at(2027, 3, 1), at(2028, 3, 1), id="a leap year"),
        pytest.param("7d@2026-01-03T12:00[UTC]", at(2026, 1, 10, 11), at(2026, 1, 3, 12),
                     at(2026, 1, 10, 12), id="a week, in its last hour"),
        pytest.param("7d@2026-01-03T12:00[UTC]", at(2026, 1, 10, 12), at(2026, 1, 10, 12),
                     at(2026, 1, 17, 12), id="a week, as it begins"),
        pytest.param("7d@2026-01-03T12:00[UTC]", at(2025, 12, 30), at(2025, 12, 27, 12),
                     at(2026, 1, 3, 12), id="before the first one"),
        # Clocks in Berlin go forward on 2026-03-29: this week is an hour shorter.
        pytest.param("7d@2026-01-05T00:00[Europe/Berlin]", at(2026, 3, 25), at(2026, 3, 22, 23),
                     at(2026, 3, 29, 22), id="a week over the change of clocks"),
        pytest.param("1M@2026-01-01T00:00[America/New_York]", at(2026, 7, 1, 2), at(2026, 6, 1, 4),
                     at(2026, 7, 1, 4), id="a month where it is still June"),
        pytest.param("1M@2026-01-31T00:00[UTC]", at(2026, 3, 1), at(2026, 2, 28), at(2026, 3, 31),
                     id="from the 31st, in February"),
        pytest.param("3M@2025-11-15T06:00[UTC]", at(2026, 8, 15, 5), at(2026, 5, 15, 6),
                     at(2026, 8, 15, 6), id="quarters of a fiscal year"),
    ],
)  # fmt: skip
def test_a_window_begins_and_ends_by_the_clock_of_its_place(
    kind: str, now: datetime, start: datetime, end: datetime
) -> None:
    assert windows.is_window(kind)
    assert windows.window(kind, now) == (start, end)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
LENGTHS = st.integers(1, 366).map("{}d".format) | st.integers(1, 12).map("{}M".format)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))


@given(length=LENGTHS, anchor=MOMENTS, zone=ZONES, now=MOMENTS)
def test_windows_from_a_moment_on_follow_each_other_without_gap(
    length: str, anchor: datetime, zone: str, now: datetime
) -> None:
    kind = f"{length}@{anchor:%Y-%m-%dT%H:%M}[{zone}]"
    moment = now.replace(tzinfo=UTC)
    start, end = windows.window(kind, moment)
    # An hour that the clocks repeat, or leave out, belongs to either side.
    assert start - timedelta(hours=1) <= moment <= end + timedelta(hours=1)
    assert windows.window(kind, end + timedelta(hours=2))[0] == end
    days = windows.usual_length(kind) / timedelta(days=1)
    assert days == pytest.approx((end - start).total_seconds() / DAY, abs=8)


@given(st.text(max_size=40) | st.from_regex(r"\d{1,4}[dM]@[-\dT:]{10,16}\[[\w/.]{1,20}\]"))
def test_any_text_is_a_window_or_is_none(kind: str) -> None:
    if windows.is_window(kind):
        start, end = windows.window(kind, at(2026, 5, 1))
        assert start < end
        assert windows.in_words(kind)
    else:
        with pytest.raises(KeyError):
            windows.window(kind, at(2026, 5, 1))


@pytest.mark.parametrize(
    "kind",
    [
        "", "0d", "367d", "0h", "8785h", "90m", "7", "7w", "week", "07d", "7d\n",
        "13M@2026-01-01T00:00[UTC]",
        "7d@2026-02-30T00:00[UTC]", "7d@2026-01-01T00:00[Europe]",
        "7d@2026-01-01T00:00[../etc/passwd]",
    ],
)  # fmt: skip
def test_what_is_no_window_is_rejected(kind: str) -> None:
    assert not windows.is_window(kind)


@pytest.mark.parametrize("days", [1 / 24, 1 / 4, 1, 2, 7, 14, 28, 30, 90, 365])
def test_no_alert_fires_while_a_window_is_within_its_budget(days: float) -> None:
    alerts = burn_alerts(days * DAY)
    assert alerts
    assert min(alert.factor for alert in alerts) >= 1
    assert max(alert.long for alert in alerts) <= days * DAY
