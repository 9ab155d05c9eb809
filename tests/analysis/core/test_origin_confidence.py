"""How sure the origin of a fault is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.origin_confidence import Confidence, confidence
from analysis.core.origin_ranking import LogLine, Metric, Observed, Span, rank_services
from tests.sizes import examples

STEP = 60.0
ONSET = 12_000.0
END = 13_200.0


def noise(service: str, seed: int) -> Metric:
    times = np.arange(0.0, END, STEP)
    values = 10 + np.random.default_rng(seed).standard_normal(len(times))
    return Metric(service, "queue", times, values)


def sure(observed: Observed) -> Confidence:
    return confidence(observed, ONSET, rank_services(observed, ONSET))


def test_a_change_that_normal_time_never_had_is_sure() -> None:
    metrics = [noise(name, seed) for seed, name in enumerate("abcdef")]
    metrics[2].values[metrics[2].times >= ONSET] += 50
    found = sure(Observed(metrics))
    assert found.tells
    assert (found.weaker, found.windows, found.value) == (5, 5, pytest.approx(6 / 7))


def test_noise_alone_cannot_tell_an_origin() -> None:
    values = []
    for start in range(0, 120, 6):
        observed = Observed([noise(name, start + seed) for seed, name in enumerate("abcdef")])
        values.append(sure(observed).value)
    assert np.mean(values) < 0.6
    assert max(values) <= 6 / 7


def test_what_happens_every_few_minutes_is_no_origin() -> None:
    metrics = [noise(name, seed) for seed, name in enumerate("abcdef")]
    metrics[0].values[10::20] += 60
    assert not sure(Observed(metrics)).tells


def test_without_normal_time_it_is_even() -> None:
    metrics = [noise(name, seed) for seed, name in enumerate("abc")]
    metrics[0].values[metrics[0].times >= 900] += 60
    ranked = rank_services(Observed(metrics), 900.0)
    assert confidence(Observed(metrics), 900.0, ranked) == Confidence(0, 0, abnormal=True)
    assert Confidence(0, 0, abnormal=True).value == 0.5
    assert confidence(Observed(), 900.0, []).value == 0.0


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=30), min_size=1, max_size=4),
    st.lists(st.floats(-5, 30), max_size=12),
    st.floats(-2, 32),
)
def test_it_is_a_share_whatever_was_recorded(
    rows: list[list[float]], starts: list[float], at: float
) -> None:
    metrics = [
        Metric(f"s{n}", "cpu", np.arange(len(row), dtype=float), np.array(row))
        for n, row in enumerate(rows)
    ]
    lines = [LogLine(f"s{n % 3}", start, "ERROR a", "") for n, start in enumerate(starts)]
    spans = [
        Span(start, f"t{n % 4}", str(n), "", "s0", "GET /", 3.0) for n, start in enumerate(starts)
    ]
    observed = Observed(metrics, lines=lines, spans=spans)
    found = confidence(observed, at, rank_services(observed, at))
    assert 0 <= found.value < 1
    assert 0 <= found.weaker <= found.windows
