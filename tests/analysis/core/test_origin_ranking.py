"""Which service is the likely origin of a fault."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.origin_ranking import LogLine, Metric, Observed, Span, rank_services
from analysis.core.trace_changes import TracedCall, with_peers
from tests.sizes import examples

ONSET = 6000.0


def series(service: str, name: str, after: float = 1.0) -> Metric:
    """A noisy series around 1 that goes to `after` at second 6,000."""
    times = np.arange(0.0, 9000.0, 60.0)
    seed = sum(map(ord, service + name))
    values = 1 + 0.02 * np.random.default_rng(seed).standard_normal(len(times))
    return Metric(service, name, times, np.where(times >= ONSET, after * values, values))


def ranking(observed: Observed) -> list[str]:
    return [suspect.service for suspect in rank_services(observed, ONSET)]


def test_the_service_whose_metric_left_its_peers_is_first_whatever_the_metric_is_called() -> None:
    names = ["a", "b", "c", "d"]
    metrics = [series(name, "zorble level", 1.3 if name == "c" else 1.0) for name in names]
    metrics += [series(name, "wobble", 2.0) for name in names]
    first = rank_services(Observed(metrics), ONSET)[0]
    assert first.service == "c"
    assert first.reasons[0].startswith("zorble level went from 1 to 1.3")


def test_reasons_have_the_unit_of_their_metric() -> None:
    metrics = [
        replace(series(name, "errors", 1.3 if name == "c" else 1.0), unit="ratio")
        for name in ("a", "b", "c", "d")
    ]
    reason = rank_services(Observed(metrics), ONSET)[0].reasons[0]
    assert re.fullmatch(r"errors went from 100 % to 13\d %", reason)


def test_what_all_services_share_is_nobodys_fault() -> None:
    shared = series("host", "node cpu", 5.0)
    metrics = [Metric(name, "node cpu", shared.times, shared.values) for name in "abc"]
    metrics += [series("a", "cpu"), series("b", "cpu", 1.4), series("c", "cpu")]
    assert ranking(Observed(metrics))[0] == "b"


def test_a_caller_as_suspect_as_its_callee_comes_after_it() -> None:
    broken = series("db", "cpu", 3.0)
    metrics = [
        Metric("ask", "latency", broken.times, broken.values),
        broken,
        series("idle", "cpu"),
    ]
    assert ranking(Observed(metrics, calls=[("ask", "db")])) == ["db", "ask", "idle"]


def test_where_nothing_abnormal_there_are_no_reasons() -> None:
    times = np.arange(0.0, 9000.0, 60.0)
    values = 2 + np.sin(times / 180)
    metrics = [
        Metric(name, "cpu", times, values * scale)
        for name, scale in zip("abc", (1, 2, 3), strict=True)
    ]
    assert [suspect.reasons for suspect in rank_services(Observed(metrics), ONSET)] == [[], [], []]


SITE_CALLS = [("site", "search"), ("search", "db"), ("site", "steps"), ("steps", "lambda")]


def symptom_metrics(slow: dict[str, float]) -> list[Metric]:
    metrics = []
    for name, calls in {"site": 900, "search": 1000, "db": 1000, "steps": 5, "lambda": 5}.items():
        latency = series(name, "latency_average", slow.get(name, 1.0))
        count = Metric(name, "requests", latency.times, np.full(len(latency.times), float(calls)))
        metrics += [latency, count]
    return metrics


def test_the_symptom_is_followed_to_the_last_service_that_shows_it() -> None:
    slow = {"site": 2.1, "search": 2.0, "db": 2.0, "lambda": 4.0, "steps": 4.0}
    observed = Observed(
        symptom_metrics(slow), calls=SITE_CALLS, seen="site", symptom="latency too high"
    )
    first = rank_services(observed, ONSET)[0]
    assert first.service == "db"
    assert "of the symptom seen at site begins here" in first.reasons[0]
    # With the callee as fast as ever, the slowness is the caller's own.
    del slow["db"]
    observed = Observed(symptom_metrics(slow), calls=SITE_CALLS, seen="site", symptom="latency")
    assert ranking(observed)[0] == "search"


def test_a_callee_without_telemetry_is_passed_through() -> None:
    slow = {"site": 2.1, "db": 2.0}
    metrics = [metric for metric in symptom_metrics(slow) if metric.service != "search"]
    observed = Observed(metrics, calls=SITE_CALLS, seen="site", symptom="latency")
    assert ranking(observed)[0] == "db"


def test_success_rising_is_no_symptom() -> None:
    calls = [("site", "worse"), ("site", "better")]
    metrics = [
        series("site", "success rate", 0.8),
        series("worse", "success rate", 0.5),
        series("better", "success rate", 2.0),
    ]
    ranked = ranking(Observed(metrics, calls=calls, seen="site", symptom="success rate"))
    assert ranked[0] == "worse"


def request(number: int, own: float = 5.0, way: float = 1.0, start: float = 0.0) -> list[Span]:
    """A request through shop and payments, with times in ms."""
    trace, begin = str(number), start + number * 30.0
    whole = own + 2 * way + 12
    return [
        Span(begin, trace, "1", "", "shop", "POST /orders", whole + 4),
        Span(begin + 0.001, trace, "2", "1", "shop", "HTTP POST", own + 2 * way),
        Span(begin + 0.001 + way / 1000, trace, "3", "2", "payments", "POST /pay", own),
    ]


def test_own_time_that_rose_is_the_services_and_said_in_words() -> None:
    usual = [span for number in range(20) for span in request(number)]
    spans = [span for number in range(20) for span in request(number, own=300, start=ONSET)]
    first, second = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert (first.service, second.reasons) == ("payments", [])
    assert first.reasons == ["own time of POST /pay rose from 5 ms to 300 ms"]


def test_requests_of_no_length_give_no_shares_that_cannot_be_computed_with() -> None:
    usual = [Span(0.0, "t", "1", "", "shop", "GET /", 1.0)]
    orphan = Span(7.0, "u", "2", "lost", "payments", "POST /pay", 900.0)
    usual.append(Span(0.0, "v", "2", "lost", "payments", "POST /pay", 5.0))
    spans = [Span(7.0, "u", "1", "", "shop", "GET /", 5e-324), orphan]
    ranked = rank_services(Observed(spans=spans, usual_spans=usual), 6.0)
    assert all(math.isfinite(suspect.score) for suspect in ranked)


def test_time_lost_on_the_way_to_a_service_is_its_own_and_not_its_callers() -> None:
    usual = [span for number in range(20) for span in request(number)]
    spans = [span for number in range(20) for span in request(number, way=200, start=ONSET)]
    first = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)[0]
    assert first.service == "payments"
    assert first.reasons == [
        "time on the way between shop and it of POST /pay rose from 2 ms to 400 ms",
    ]


def test_without_a_normal_time_the_spans_before_the_onset_are_normal() -> None:
    spans = [span for number in range(20) for span in request(number)]
    spans += [span for number in range(20, 40) for span in request(number, own=90, start=ONSET)]
    assert ranking(Observed(spans=spans))[0] == "payments"


def test_a_failure_is_blamed_on_the_callee_that_failed() -> None:
    usual = [span for number in range(20) for span in request(number)]
    spans = list(usual)
    for number in range(20):
        spans += [
            Span(number * 30.0, str(number), "4", "1", "shop", "ErrorController", 1.0),
            Span(number * 30.0, str(number), "5", "3", "payments", "ErrorController", 1.0),
        ]
    first, second = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert first.service == "payments"
    assert first.reasons == ["95% of requests failed first here, or on its answer"]
    assert second.reasons == []


def failing(span: Span) -> Span:
    return replace(span, failed=True)


def test_a_failed_span_counts_whatever_its_operation_is_called() -> None:
    usual = [span for number in range(20) for span in request(number)]
    spans = [span for number in range(20) for span in map(failing, request(number))]
    first, second = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert first.service == "payments"
    assert first.reasons == ["95% of requests failed first here, or on its answer"]
    assert second.reasons == []


def test_a_call_that_failed_without_its_callee_is_blamed_on_both_ends() -> None:
    usual = [span for number in range(20) for span in request(number)]
    spans = []
    for number in range(20):
        entry, call, answer = request(number)
        spans += [entry, failing(call), answer]
    suspects = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert [suspect.reasons for suspect in suspects] == [
        ["48% of requests failed first here, or on its answer"]
    ] * 2


def test_spans_that_failed_as_often_before_blame_nobody() -> None:
    usual = [
        failing(span) if number % 2 else span for number in range(40) for span in request(number)
    ]
    suspects = rank_services(Observed(spans=usual, usual_spans=usual), ONSET)
    assert not any(suspect.reasons for suspect in suspects)


def test_an_untraced_peer_is_not_said_to_have_failed_itself() -> None:
    span = Span(0.0, "t", "1", "", "shop", "SELECT", 5.0, failed=True)
    calls, _ = with_peers([TracedCall(span, failed=True, peer="orders-db")])
    assert [(call.span.service, call.span.failed) for call in calls] == [
        ("shop", True), ("orders-db", False),
    ]  # fmt: skip


def shopping(number: int, stops_after: int = 2, fails: bool = False) -> list[Span]:
    """A request to shop, which calls stock and then payments, or stops after a number of calls."""
    trace, begin = str(number), number * 30.0
    calls = [("stock", "GET /items", 0.002), ("payments", "POST /pay", 0.01)]
    spans = [Span(begin, trace, "1", "", "shop", "POST /orders", 10.0 + 5 * stops_after)]
    for place, (service, operation, later) in enumerate(calls[:stops_after]):
        spans.append(Span(begin + later, trace, f"c{place}", "1", service, operation, 5.0))
    if fails:
        spans.append(Span(begin + 0.012, trace, "e", "1", "shop", "ErrorController", 0.5))
    return spans


def test_a_service_that_stops_early_is_named_even_without_an_error() -> None:
    usual = [span for number in range(20) for span in shopping(number)]
    spans = [span for number in range(20) for span in shopping(number, stops_after=0)]
    first, *others = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert first.service == "shop"
    assert first.reasons == ["95% of requests stopped early first here, or on its answer"]
    assert not any(other.reasons for other in others)


def test_the_answer_that_a_caller_failed_on_makes_its_sender_as_suspect() -> None:
    usual = [span for number in range(20) for span in shopping(number)]
    spans = [span for number in range(20) for span in shopping(number, stops_after=1, fails=True)]
    suspects = {
        each.service: each
        for each in rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    }
    assert suspects["stock"].score == suspects["shop"].score > suspects["payments"].score


def test_a_branch_that_the_normal_time_did_not_have_is_no_early_end() -> None:
    usual = [span for number in range(20) for span in shopping(number)]
    spans = [span for number in range(20) for span in shopping(number, stops_after=1)]
    spans += [
        Span(number * 30.0 + 0.01, str(number), "g", "1", "gifts", "POST /gifts", 5.0)
        for number in range(20)
    ]
    suspects = rank_services(Observed(spans=spans, usual_spans=usual), ONSET)
    assert not any(suspect.reasons for suspect in suspects)


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
    first, *others = rank_services(Observed(lines=lines + noise, usual_lines=usual), ONSET)
    assert first.service == "origin"
    assert first.reasons[0].startswith("6 unusual errors: ERROR row")
    assert [other.reasons for other in others] == [[], []]


def test_what_the_troubled_service_calls_comes_before_everything_else() -> None:
    metrics = [series("elsewhere", "cpu", 9.0), series("deep", "cpu", 2.0), series("site", "cpu")]
    calls = [("site", "middle"), ("middle", "deep"), ("elsewhere", "site")]
    ranked = ranking(Observed(metrics, calls=calls, seen="site"))
    assert (ranked[0], ranked[-1]) == ("deep", "elsewhere")


def test_a_counter_is_judged_by_its_rate() -> None:
    times = np.arange(0.0, 9000.0, 60.0)
    steady = np.cumsum(np.full(len(times), 10.0))
    faster = np.cumsum(np.where(times >= ONSET, 40.0, 10.0))
    # The youngest counter grew most in proportion, at the same rate as ever.
    metrics = [
        Metric("old", "calls_total", times, steady + 1e6),
        Metric("faster", "calls_total", times, faster + 1e6),
        Metric("young", "calls_total", times, steady),
    ]
    first = rank_services(Observed(metrics), ONSET)[0]
    assert first.service == "faster"
    assert first.reasons == ["calls_total went from 10 to 40"]


NAMES = st.sampled_from(["a", "b", "c", "d"])
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
METRICS = st.builds(
    lambda service, name, values: Metric(
        service, name, np.arange(len(values), dtype=float), np.array(values, dtype=float)
    ),
    NAMES,
    st.sampled_from(["cpu", "latency", "availability", "requests"]),
    st.lists(NUMBERS, max_size=12),
)
SPANS = st.builds(
    Span,
    st.floats(0, 12),
    st.sampled_from(["t", "u"]),
    st.sampled_from("1234"),
    st.sampled_from(["", *"1234"]),
    NAMES,
    st.sampled_from(["GET /", "error"]),
    st.floats(0, 1e9),
)
LINES = st.builds(
    LogLine, NAMES, st.floats(-1, 12), st.sampled_from(["ERROR a", "fine"]), st.sampled_from("tu")
)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(METRICS, max_size=6),
    st.lists(SPANS, max_size=10),
    st.lists(SPANS, max_size=6),
    st.lists(LINES, max_size=4),
    st.lists(st.tuples(NAMES, NAMES), max_size=5),
    st.none() | NAMES,
)
def test_whatever_was_recorded_the_ranking_is_finite_complete_and_repeatable(
    metrics: list[Metric],
    spans: list[Span],
    usual: list[Span],
    lines: list[LogLine],
    calls: list[tuple[str, str]],
    seen: str | None,
) -> None:
    observed = Observed(metrics, calls, seen, "latency", lines, [], spans, usual)
    ranked = rank_services(observed, 6.0)
    assert all(math.isfinite(suspect.score) and suspect.score >= 0 for suspect in ranked)
    assert len({suspect.service for suspect in ranked}) == len(ranked)
    assert {metric.service for metric in metrics} <= {suspect.service for suspect in ranked}
    assert not any("nan" in reason for suspect in ranked for reason in suspect.reasons)
    assert ranked == rank_services(observed, 6.0)
