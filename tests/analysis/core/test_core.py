"""The parts without Django: properties that must hold for any input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.log_templates import (
    count_templates,
    error_shares,
    mask,
    template_id,
    unusual_templates,
)
from analysis.core.onset import departure
from analysis.core.origin_ranking import LogLine, Metric, rank_services
from analysis.core.stream_anomalies import detect
from analysis.similarity.votes import Link, vote
from tests.conftest import data


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_line_has_one_template_and_the_template_is_its_own(line: str) -> None:
    assert mask(line) == mask(line)
    assert template_id(mask(line)) == template_id(mask(line))


def test_what_differs_from_line_to_line_is_masked() -> None:
    one = mask("Accepted password for user anna from 10.0.0.7 port 51022")
    other = mask("Accepted password for user bert from 10.9.9.1 port 22")
    assert one == other


def test_new_and_bursting_lines_are_told_apart() -> None:
    lines = [(float(t), "usual line") for t in range(0, 1000, 10)]
    lines += [(float(t), "usual line") for t in range(900, 1000)]
    lines.append((950.0, "ERROR brand new"))
    found = unusual_templates(count_templates(lines, 900), 900, 100)
    assert {(f.kind, f.count.template) for f in found} == {
        ("new", "ERROR brand new"),
        ("burst", "usual line"),
    }


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
    assert detect(times, np.array(values)) == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=200))
def test_any_series_is_read_without_a_fault(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float) * 60
    found = departure(times, np.array(values), moment=float(times[-1]))
    assert found is None or times[0] <= found.onset <= times[-1]


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


def test_a_services_own_resources_tell_more_than_its_traffic_and_its_calls() -> None:
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


def test_confirmed_votes_count_more_than_suspected_and_rejected_count_against() -> None:
    likeness = {1: 0.8, 2: 0.8, 3: 0.8}
    links = [
        Link(1, 10, "root", "suspected"),
        Link(2, 20, "root", "confirmed"),
        Link(3, 30, "root", "rejected"),
    ]
    assert [ballot.cause for ballot in vote(likeness, {}, links)] == [20, 10]


def test_the_contract_commands_write_what_they_promise(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    docs = [
        {"id": "a", "title": "disk full", "body": "", "created": "2026-01-01"},
        {"id": "b", "title": "disk is full", "body": "", "created": "2026-01-02"},
        {"id": "c", "title": "disk full too", "body": None, "created": "2026-01-03"},
    ]
    queries = [
        {"query_id": "b", "relevant_ids": ["c"]},
        {"query_id": "q", "query": {"title": "", "body": "full disk"}, "relevant_ids": []},
    ]
    for name, rows in (("docs", docs), ("qrels", queries)):
        text = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(text)
    out = tmp_path / "run.jsonl"
    call_command("evaluate_similarity", folder, "--out", out)
    ran = [json.loads(line) for line in out.read_text().splitlines()]
    # A document sees only older ones, whatever its relevant ids say.
    assert ran[0] == {"query_id": "b", "ranked": ["a"]}
    assert set(ran[1]["ranked"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("command", "name", "keys"),
    [
        ("causes", "telemetry/onlineboutique", {"id", "ranked", "findings"}),
        ("templates", "logs/Apache.jsonl", {"template_id", "template"}),
        ("anomalies", "telemetry/nab/realAWSCloudwatch", {"file", "anomalies"}),
        ("similarity", "text/hadoop", {"query_id", "ranked"}),
    ],
)
def test_the_contract_commands_run_on_real_data(
    command: str, name: str, keys: set[str], tmp_path: Path
) -> None:
    out = tmp_path / "run.jsonl"
    call_command(f"evaluate_{command}", data(name), "--out", out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows
    assert all(set(row) == keys for row in rows)


def test_the_benchmark_reports_every_promised_figure() -> None:
    from analysis.benchmarks.index import benchmark

    result = benchmark(300, 5)
    assert {"p50_ms", "p95_ms", "build_s", "add_until_found_ms", "linear_kernel_ratio"} <= set(
        result
    )
    assert result["add_until_found_ms"] is not None


def test_a_template_that_stops_is_found_silent_and_one_that_is_rare_is_not() -> None:
    lines = [(float(at), "heartbeat from scheduler") for at in range(0, 3000, 10)]
    lines += [(float(at), "rare note of nothing") for at in range(0, 3000, 1500)]
    found = unusual_templates(count_templates(lines, 3000), 3000, 1000)
    assert [(each.kind, each.count.template) for each in found] == [
        ("silent", "heartbeat from scheduler")
    ]
    assert found[0].since == 2990


def test_the_share_of_trouble_counts_only_when_it_clearly_rose() -> None:
    calm = [(float(at), "request served") for at in range(200)]
    worse = [(float(at), f"request {'failed' if at % 3 else 'served'}") for at in range(200, 260)]
    shares = error_shares(count_templates(calm + worse, 200))
    assert shares is not None
    assert shares[0] == 0
    assert shares[1] > 0.5
    assert error_shares(count_templates(calm + calm[:60], 200)) is None
