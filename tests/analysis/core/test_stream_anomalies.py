"""Anomalies of long series in one causal pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.stream_anomalies import DAY, Anomaly, detect
from tests.sizes import examples

STEP = 900.0


def _times(days: float) -> np.ndarray:
    return np.arange(0, days * DAY, STEP)


def _noise(count: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, count)


def _days(found: list[Anomaly]) -> set[int]:
    return {int(each.start // DAY) for each in found}


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 200, [5.0] * 3000])
def test_flat_short_and_empty_series_have_no_anomaly(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float) * 15
    assert detect(times, np.array(values)) == []


@settings(deadline=None, max_examples=examples(40))
@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30),
    st.integers(1, 60),
    st.sampled_from([60.0, 900.0, 3600.0, 2 * DAY]),
)
def test_every_anomaly_lies_in_the_series_and_has_a_finite_score(
    pattern: list[float], repeats: int, step: float
) -> None:
    values = np.array(pattern * repeats)
    times = np.arange(len(values), dtype=np.float64) * step
    for each in detect(times, values):
        assert times[0] <= each.start <= each.end <= times[-1]
        assert each.score >= 1
        assert np.isfinite(each.score)


def test_a_spike_and_a_new_level_are_found() -> None:
    times = _times(25)
    values = 40 + _noise(len(times))
    values[1800] += 15
    values[2100:] += 9
    assert _days(detect(times, values)) == {1800 * 900 // 86_400, 2100 * 900 // 86_400}


def test_a_first_flat_line_after_rhythm_is_found() -> None:
    times = _times(25)
    values = 50 + 30 * np.sin(2 * np.pi * times / DAY) + _noise(len(times))
    off = (times >= 20 * DAY) & (times < 21.5 * DAY)
    values[off] = 80.0
    assert {20, 21} & _days(detect(times, values))


def test_changed_variance_and_a_frozen_value_are_found_at_the_same_level() -> None:
    times = _times(30)
    values = 40 + _noise(len(times))
    assert detect(times, values) == []
    restless = values.copy()
    restless[2000:2050] = 40 + 6 * np.where(np.arange(50) % 2, 1, -1) * 0.45
    assert 2000 * 900 // 86_400 in _days(detect(times, restless))
    frozen = values.copy()
    frozen[2400:2500] = 40.0
    assert 2400 * 900 // 86_400 in _days(detect(times, frozen))


def test_a_rhythm_is_not_assumed() -> None:
    times = _times(40)
    # A load that wanders without any hour of its own.
    values = 100 + np.cumsum(_noise(len(times), 8)) * 0.5
    found = [each for each in detect(times, values) if each.score > 1.5]
    assert len(found) <= 1


def test_spikes_as_they_often_come_are_no_anomaly() -> None:
    times = _times(40)
    chance = np.random.default_rng(5)
    values = 2 + np.abs(_noise(len(times))) * 0.1
    often = chance.random(len(times)) < 0.05
    values[often] += chance.uniform(20, 60, often.sum())
    assert len([each for each in detect(times, values) if each.score > 1.2]) == 0
    values[3000] = 400.0
    assert 3000 * 900 // 86_400 in _days(detect(times, values))


def test_weekends_are_no_anomaly_once_they_are_known_but_a_holiday_is() -> None:
    times = _times(90)
    weekday = (times // DAY) % 7 < 5
    rhythm = 1 + np.sin(2 * np.pi * times / DAY)
    values = np.where(weekday, 100 * rhythm, 40 * rhythm) + _noise(len(times))
    assert not [each for each in detect(times, values) if each.start > 60 * DAY]
    holiday = (times >= 73 * DAY) & (times < 74 * DAY)
    values[holiday] = 40 * rhythm[holiday]
    assert {73, 74} & _days(detect(times, values))


def test_a_daily_pattern_is_no_anomaly_but_its_absence_is() -> None:
    times = np.arange(0, 20 * 86_400, 900.0)
    noise = np.random.default_rng(3).normal(0, 0.05, len(times))
    values = 10 + 5 * np.sin(2 * np.pi * times / 86_400) + noise
    off = (times >= 17 * 86_400) & (times < 18 * 86_400)
    values[off] = 10 + noise[off]
    found = detect(times, values)
    assert any(each.end >= 17 * 86_400 and each.start < 18.6 * 86_400 for each in found)
    assert not [
        each for each in found if 4 * 86_400 < each.end < 16.9 * 86_400 and each.score > 1.5
    ]


def test_nothing_is_learnt_from_what_comes_later() -> None:
    times = np.arange(0, 10 * 86_400, 900.0)
    values = np.random.default_rng(4).normal(0, 1, len(times))
    values[700] = 40.0
    cut = detect(times[:720], values[:720])
    whole = [each for each in detect(times, values) if each.start <= times[719]]
    assert [each.start for each in cut] == [each.start for each in whole]
    assert times[700] in [each.start for each in cut]
