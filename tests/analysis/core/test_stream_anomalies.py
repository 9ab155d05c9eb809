"""Anomalies of long series in one causal pass."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.core.stream_anomalies import detect


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 200])
def test_flat_short_and_empty_series_have_no_anomaly(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float) * 15
    assert detect(times, np.array(values)) == []


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
