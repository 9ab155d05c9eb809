"""Error budgets against cases worked out by hand, and laws that hold for every series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core import error_budget, windows
from practice.core.error_budget import Counts

DAY = 86_400.0
BUCKETS = 288


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def flat(start: datetime, days: float, total: float = 100.0, bad: float = 0.0) -> Counts:
    length = int(days * BUCKETS)
    return Counts(start.timestamp(), np.full(length, bad), np.full(length, total))


@pytest.mark.parametrize(
    ("target", "start", "end", "minutes"),
    [
        # 0.07 % of 365 days is 367.92 minutes: 6 h 8 min.
        (0.9993, at(2026, 1, 1), at(2027, 1, 1), 367.92),
        # A leap year is a day longer, so its budget is a minute larger.
        (0.9993, at(2028, 1, 1), at(2029, 1, 1), 368.928),
        (0.999, at(2026, 11, 1), at(2026, 12, 1), 43.2),
        (0.999, at(2027, 2, 1), at(2027, 3, 1), 40.32),
        (0.999, at(2028, 2, 1), at(2028, 3, 1), 41.76),
        (0.995, at(2026, 10, 1), at(2026, 11, 1), 223.2),
    ],
)
def test_a_budget_in_minutes_is_what_the_calendar_makes_it(
    target: float, start: datetime, end: datetime, minutes: float
) -> None:
    assert error_budget.budget_minutes(target, start, end) == pytest.approx(minutes)


@pytest.mark.parametrize(
    ("kind", "now", "start", "end"),
    [
        ("28d", at(2028, 3, 1), at(2028, 2, 2), at(2028, 3, 1)),
        ("28d", at(2027, 3, 1), at(2027, 2, 1), at(2027, 3, 1)),
        ("month", at(2028, 2, 29, 23), at(2028, 2, 1), at(2028, 3, 1)),
        ("month", at(2026, 12, 31), at(2026, 12, 1), at(2027, 1, 1)),
        ("quarter", at(2026, 11, 25), at(2026, 10, 1), at(2027, 1, 1)),
        ("year", at(2028, 2, 29), at(2028, 1, 1), at(2029, 1, 1)),
    ],
)
def test_windows_roll_or_follow_the_calendar_leap_days_included(
    kind: str, now: datetime, start: datetime, end: datetime
) -> None:
    assert windows.window(kind, now) == (start, end)


def test_an_hour_of_total_failure_spends_what_it_should() -> None:
    start, end = at(2026, 11, 1), at(2026, 11, 29)
    counts = flat(start, 28)
    counts.bad[:12] = 100.0
    found = error_budget.budget(counts, 0.999, start, end, end)
    # 28 days × 0.1 % are 40.32 minutes; an hour of even traffic is 60.
    assert found.minutes == pytest.approx(40.32)
    assert found.spent == pytest.approx(60.0)
    assert found.share == pytest.approx(60 / 40.32)
    assert found.left == pytest.approx(-19.68)
    assert found.known == 1.0


def test_a_failure_with_little_traffic_costs_less_than_at_the_peak() -> None:
    start, end = at(2026, 11, 1), at(2026, 11, 29)
    quiet, busy = flat(start, 28), flat(start, 28)
    for counts, traffic in ((quiet, 10.0), (busy, 1000.0)):
        counts.total[:12] = counts.bad[:12] = traffic
    spent = [error_budget.budget(c, 0.999, start, end, end).spent for c in (quiet, busy)]
    # 12 × 10 of 8052 × 100 + 12 × 10 events, of 40,320 minutes; and the like.
    assert spent[0] == pytest.approx(120 / 805_320 * 40_320)
    assert spent[1] == pytest.approx(12_000 / 817_200 * 40_320)


def test_time_without_traffic_spends_nothing_and_is_reported() -> None:
    start, end = at(2026, 11, 1), at(2026, 11, 29)
    counts = flat(start, 28)
    counts.total[: 7 * BUCKETS] = 0.0
    counts.bad[-12:] = 50.0
    found = error_budget.budget(counts, 0.999, start, end, end)
    assert found.quiet == pytest.approx(0.25)
    assert found.known == 1.0
    assert found.ratio == pytest.approx(600 / (21 * BUCKETS * 100))
    silent = flat(start, 28, total=0.0)
    nothing = error_budget.budget(silent, 0.999, start, end, end)
    assert (nothing.spent, nothing.ratio) == (0.0, None)
    assert error_budget.burn_rate(silent, 0.999, end.timestamp(), 3600) == 0.0


def test_time_without_data_spends_nothing_and_is_reported() -> None:
    start, end = at(2026, 11, 1), at(2026, 11, 29)
    counts = flat(start, 28)
    counts.bad[:12] = 100.0
    counts.total[14 * BUCKETS :] = np.nan
    found = error_budget.budget(counts, 0.999, start, end, end)
    assert found.known == pytest.approx(0.5)
    # The same 60 minutes as with all data: half the events, of half the minutes.
    assert found.spent == pytest.approx(60.0)
    assert error_budget.burn_rate(counts, 0.999, end.timestamp(), 3600) is None
    none = flat(start, 28, total=np.nan)
    assert error_budget.budget(none, 0.999, start, end, end).ratio is None
    assert error_budget.budget(none, 0.999, start, end, end).known == 0.0


def test_a_young_calendar_window_counts_its_elapsed_part() -> None:
    start, end = at(2026, 11, 1), at(2026, 12, 1)
    counts = flat(start, 10)
    counts.bad[:6] = 100.0
    found = error_budget.budget(counts, 0.999, start, end, at(2026, 11, 11))
    assert found.minutes == pytest.approx(43.2)
    assert found.spent == pytest.approx(30.0)
    assert found.known == pytest.approx(1.0)


def test_burn_rates_and_their_alerts_are_those_of_the_workbook() -> None:
    factors = [round(alert.factor, 1) for alert in error_budget.burn_alerts(30 * DAY)]
    assert factors == [14.4, 6.0, 3.0, 1.0]
    start = at(2026, 11, 1)
    counts = flat(start, 30, bad=0.2)
    now = counts.end
    # 0.2 % bad where 0.1 % may be: twice as fast as the budget allows.
    assert error_budget.burn_rate(counts, 0.999, now, 3600) == pytest.approx(2.0)
    firing = [b.alert.long for b in error_budget.burns(counts, 0.999, now, 30 * DAY) if b.firing]
    assert firing == [72 * 3600]
    counts.bad[-12:] = 2.0
    firing = [b.alert.long for b in error_budget.burns(counts, 0.999, now, 30 * DAY) if b.firing]
    assert 3600 in firing


def test_an_alert_ends_with_its_short_window() -> None:
    counts = flat(at(2026, 11, 1), 30)
    counts.bad[-12:-2] = 10.0
    burn = error_budget.burns(counts, 0.999, counts.end, 30 * DAY)[0]
    assert burn.long is not None
    assert burn.long > burn.alert.factor
    assert burn.short == 0.0
    assert not burn.firing


def test_a_forecast_extrapolates_the_last_three_days() -> None:
    start, end = at(2026, 11, 1), at(2026, 12, 1)
    counts = flat(start, 10, bad=0.05)
    now = at(2026, 11, 11)
    found = error_budget.budget(counts, 0.999, start, end, now)
    # 43.2 minutes, of which 10 × 0.72 are spent; 0.72 more each day.
    assert error_budget.days_left(counts, found, now.timestamp()) == pytest.approx(50.0)
    calm = flat(start, 10)
    fine = error_budget.budget(calm, 0.999, start, end, now)
    assert error_budget.days_left(calm, fine, now.timestamp()) is None
    overspent = flat(start, 10, bad=1.0)
    spent = error_budget.budget(overspent, 0.999, start, end, now)
    assert error_budget.days_left(overspent, spent, now.timestamp()) == 0.0


def test_what_incidents_spent_is_shared_where_they_overlap() -> None:
    start = at(2026, 11, 1)
    counts = flat(start, 1)
    counts.bad[:4] = 100.0
    begin = start.timestamp()
    first, second = (begin, begin + 600), (begin + 300, begin + 900)
    minutes, outside = error_budget.spent_by(counts, [first, second])
    # Buckets: the first alone, both, the second alone, nobody: five minutes each.
    assert minutes == pytest.approx([7.5, 7.5])
    assert outside == pytest.approx(5.0)


known = st.floats(0, 1e6)
buckets = st.lists(st.one_of(st.none(), st.tuples(known, known)), min_size=1, max_size=600)


@given(buckets, st.floats(0.5, 0.9999), st.lists(st.tuples(known, known), max_size=5))
def test_parts_add_up_and_nothing_is_ever_negative(
    rows: list[tuple[float, float] | None],
    target: float,
    spans: list[tuple[float, float]],
) -> None:
    bad = np.array([row[0] if row else np.nan for row in rows])
    total = np.array([row[1] if row else np.nan for row in rows])
    counts = Counts(0.0, bad, total)
    start = datetime.fromtimestamp(0, UTC)
    end = start + timedelta(seconds=counts.end)
    found = error_budget.budget(counts, target, start, end, end)
    stretches = [(min(a, b), max(a, b)) for a, b in spans]
    minutes, outside = error_budget.spent_by(counts, stretches)
    assert all(spent >= 0 for spent in minutes)
    assert sum(minutes) + outside == pytest.approx(found.spent, rel=1e-6, abs=1e-6)
    assert 0 <= found.spent <= counts.end / 60 + 1e-6
    assert 0 <= found.known <= 1
    assert 0 <= found.quiet <= 1
    _, left = error_budget.left_over_time(counts, target, start, end)
    if found.ratio is not None:
        assert left[-1] == pytest.approx(1 - found.share, rel=1e-6, abs=1e-6)
        assert np.all(np.diff(left) <= 1e-9)
