"""Which service is the likely origin of a fault."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.core.origin_ranking import LogLine, Metric, rank_services


def series(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(0, 14_400, 15.0)
    return times, 10 + np.random.default_rng(seed).normal(0, 0.5, len(times))


def test_the_callee_that_broke_ranks_above_the_caller_that_suffers() -> None:
    times, calm = series()
    broken = calm.copy()
    broken[times >= 12_600] += 20
    ranked = rank_services(
        [
            Metric("shop", "latency", times, broken),
            Metric("db", "cpu", times, broken),
            Metric("idle", "cpu", times, calm),
        ],
        at=12_600,
        calls=[("shop", "db")],
    )
    assert [suspect.service for suspect in ranked] == ["db", "shop", "idle"]
    assert "cpu left its normal range" in ranked[0].reasons[0]


def steady(service: str, name: str, after: float = 1.0) -> Metric:
    """A noisy series around 1 that goes to `after` at second 6,000."""
    times = np.arange(0.0, 9000.0, 60.0)
    values = 1 + 0.02 * np.random.default_rng(len(service + name)).standard_normal(len(times))
    return Metric(service, name, times, np.where(times >= 6000, after * values, values))


def test_a_services_own_resources_count_more_than_its_traffic_and_its_calls() -> None:
    metrics = [
        steady("origin", "cpu usage", 3.0),
        steady("caller", "client latency p99", 3.0),
        steady("busy", "requests", 3.0),
        steady("node mate", "node cpu", 9.0),
    ]
    assert rank_services(metrics, 6000)[0].service == "origin"


def test_success_falling_is_bad_and_success_rising_is_not() -> None:
    metrics = [steady("worse", "success rate", 0.5), steady("better", "success rate", 2.0)]
    worse, better = rank_services(metrics, 6000)
    assert (worse.service, better.score) == ("worse", pytest.approx(0, abs=2))
    assert worse.reasons == ["success rate left its normal range"]


def test_only_the_first_error_of_a_trace_is_blamed() -> None:
    lines = [
        line
        for trace in map(str, range(6))
        for line in (
            LogLine("caller", 2.0, "ERROR upstream failed with 500", trace),
            LogLine("origin", 1.0, "ERROR row 17 has no such contact", trace),
        )
    ]
    usual = [LogLine("noisy", 0.0, "ERROR cache miss 5")]
    noise = [LogLine("noisy", 3.0, f"ERROR cache miss {n}") for n in range(50)]
    first, *others = rank_services([], 6000, lines=lines + noise, usual_lines=usual)
    assert first.service == "origin"
    assert first.reasons[0].startswith("6 unusual errors: ERROR row")
    assert others == []


def test_what_the_troubled_service_calls_comes_before_everything_else() -> None:
    metrics = [
        steady("elsewhere", "cpu", 9.0),
        steady("deep", "latency", 2.0),
        steady("site", "latency"),
    ]
    calls = [("site", "middle"), ("middle", "deep"), ("elsewhere", "site")]
    ranked = [each.service for each in rank_services(metrics, 6000, calls, seen="site")]
    assert ranked == ["deep", "site", "elsewhere"]
