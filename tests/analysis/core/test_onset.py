"""When a series left its normal range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.onset import departure
from tests.sizes import examples


def series(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(0, 14_400, 15.0)
    return times, 10 + np.random.default_rng(seed).normal(0, 0.5, len(times))


@pytest.mark.parametrize("direction", [1, -1])
def test_a_step_is_found_within_two_samples(direction: int) -> None:
    times, values = series()
    values[times >= 12_600] += direction * 8
    found = departure(times, values, moment=13_200)
    assert found
    assert abs(found.onset - 12_600) <= 30
    assert found.direction == ("up" if direction > 0 else "down")


def test_a_slow_drift_before_the_break_does_not_move_the_onset() -> None:
    times, values = series()
    values += np.maximum(times - 9000, 0) / 9000 * 8
    values[times >= 12_600] += 60
    found = departure(times, values, moment=13_200)
    assert found
    assert abs(found.onset - 12_600) <= 30


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 200])
def test_flat_short_and_empty_series_are_normal(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float) * 15
    assert departure(times, np.array(values), moment=2000.0) is None


@settings(deadline=None, max_examples=examples(50))
@given(st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=200))
def test_any_series_is_analysed_without_an_error(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float) * 60
    found = departure(times, np.array(values), moment=float(times[-1]))
    assert found is None or times[0] <= found.onset <= times[-1]
