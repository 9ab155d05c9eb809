"""Run to run, and days until full: what is a change and what is chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.capacity_forecast import trend
from practice.core.changepoints import shift

HOUR = 3600.0


def test_an_outlier_is_a_change_and_noise_is_none() -> None:
    chance = random.Random(3)
    usual = [100 * chance.uniform(0.96, 1.04) for _ in range(12)]
    assert shift(usual, 103.0) is None
    found = shift(usual, 135.0)
    assert found is not None
    assert found.share == pytest.approx(0.35, abs=0.05)
    assert shift(usual, 70.0) is not None


def test_after_a_lasting_change_the_new_level_is_usual() -> None:
    before = [100.0, 101, 99, 100, 102, 140, 141, 139]
    assert shift(before, 140.0) is None
    assert shift(before, 100.0) is not None


def test_with_few_runs_only_a_large_change_counts() -> None:
    assert shift([], 100.0) is None
    assert shift([100.0], 115.0) is None
    assert shift([100.0], 160.0) is not None
    found = shift([0.0, 0.0, 0.0, 0.0], 0.02)
    assert found is not None
    assert found.share == float("inf")


def test_days_until_full_are_read_from_the_trend_not_from_a_spike() -> None:
    times = [hour * HOUR for hour in range(720)]
    values = [0.4 + 0.01 * hour / 24 for hour in range(720)]
    values[300] = 0.99
    found = trend(times, values, 1.0)
    assert found is not None
    assert found.per_day == pytest.approx(0.01, rel=0.02)
    # 0.7 at the end, a hundredth a day; “now” is the middle of the last three days.
    assert found.days == pytest.approx(31.5, abs=1.0)


def test_what_does_not_grow_never_fills_and_what_is_full_is_full() -> None:
    times = [hour * HOUR for hour in range(200)]
    flat = trend(times, [0.5] * 200, 1.0)
    assert flat is not None
    assert flat.days is None
    shrinking = trend(times, [0.9 - hour / 1000 for hour in range(200)], 1.0)
    assert shrinking is not None
    assert shrinking.days is None
    full = trend(times, [1.0] * 200, 1.0)
    assert full is not None
    assert full.days == 0.0
    assert trend(times[:5], [0.1] * 5, 1.0) is None


@given(st.lists(st.floats(0, 1e9), max_size=60), st.floats(0, 1e9))
def test_a_shift_never_fails_and_names_what_it_compared(before: list[float], value: float) -> None:
    found = shift(before, value)
    if found:
        assert found.value == value
        assert min(before) <= found.usual <= max(before)


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(-1e6, 1e6)), max_size=80))
def test_a_trend_never_fails(points: list[tuple[float, float]]) -> None:
    found = trend([at for at, _ in points], [value for _, value in points], 10.0)
    assert found is None or found.days is None or found.days >= 0
