"""What changed between services: the slow edge, the slow service, the failing call, and nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from analysis.core.trace_changes import (
    TracedCall,
    compare,
    examples,
    hypergeometric_tail,
)
from analysis.core.traces import Span

MOMENT = 10_000.0
EVERY = 30.0
"""Seconds between requests; 100 before the moment, 50 since."""


def request(
    at: float,
    *,
    own: float = 20,
    edge: float = 5,
    payments: float = 40,
    failed: str = "",
    peer: float = 0,
) -> list[TracedCall]:
    """checkout calls payments, and with `peer` a database without spans; durations in ms."""
    trace, call = f"t{at}", edge + payments
    root = Span(at, trace, "a", "", "checkout", "POST /checkout", own + call + peer)
    calls = [
        TracedCall(root, bool(failed)),
        TracedCall(
            Span(at + 0.005, trace, "b", "a", "checkout", "POST", call),
            failed in ("payments", "edge"),
        ),
        TracedCall(
            Span(at + 0.006, trace, "c", "b", "payments", "POST /charge", payments),
            failed == "payments",
        ),
    ]
    if peer:
        query = Span(at + 0.006 + call / 1000, trace, "d", "a", "checkout", "SELECT", peer)
        calls.append(TracedCall(query, peer="orders-db"))
    return calls


def world(
    since: Callable[[random.Random], dict[str, Any]], seed: int = 1, **usual: float
) -> list[TracedCall]:
    """Requests with some jitter, of which those since the moment are as `since` says."""
    chance = random.Random(seed)
    calls = []
    for number in range(-100, 50):
        jitter: dict[str, Any] = {"own": 20 + 4 * chance.random()}
        jitter["payments"] = 40 + 8 * chance.random()
        edge = {"edge": 5 + chance.random()}
        changed = since(chance) if number >= 0 else {}
        calls += request(MOMENT + number * EVERY, **{**jitter, **edge, **usual, **changed})
    return calls


def test_time_on_the_way_is_blamed_on_the_edge_and_not_on_its_ends() -> None:
    [slower] = compare(world(lambda _: {"edge": 1900.0}), MOMENT).slower
    assert (slower.caller, slower.service, slower.operation) == (
        "checkout", "payments", "POST /charge",
    )  # fmt: skip
    assert slower.now - slower.usual == pytest.approx(1895, abs=2)
    assert slower.since == pytest.approx(MOMENT, abs=EVERY)
    assert slower.share == 1.0


def test_a_services_own_time_is_blamed_on_it_and_not_on_its_caller() -> None:
    [slower] = compare(world(lambda _: {"payments": 900.0}), MOMENT).slower
    assert (slower.caller, slower.service) == ("", "payments")


def test_a_tenth_of_the_calls_is_enough_if_there_are_many() -> None:
    def some(chance: random.Random) -> dict[str, Any]:
        return {"edge": 2000.0} if chance.random() < 0.3 else {}

    [slower] = compare(world(some), MOMENT).slower
    assert 0.15 < slower.share < 0.45
    assert slower.now > 1900


def test_a_call_to_what_writes_no_spans_is_an_edge_to_its_name() -> None:
    found = compare(world(lambda _: {"peer": 800.0}, peer=10.0), MOMENT)
    assert [(each.caller, each.service) for each in found.slower] == [("checkout", "orders-db")]
    assert found.silent == {"orders-db"}


def test_a_failure_is_counted_where_it_began() -> None:
    def at_payments(chance: random.Random) -> dict[str, Any]:
        return {"failed": "payments"} if chance.random() < 0.5 else {}

    [failing] = compare(world(at_payments), MOMENT).failing
    assert (failing.caller, failing.service) == ("", "payments")
    assert failing.before == 0
    assert 0.3 < failing.now < 0.8


def test_a_call_that_fails_though_its_callee_did_not_is_the_edges_failure() -> None:
    [failing] = compare(world(lambda _: {"failed": "edge"}), MOMENT).failing
    assert (failing.caller, failing.service) == ("checkout", "payments")


def test_a_single_slow_request_proves_nothing() -> None:
    calls = world(lambda _: {})
    assert not compare([*calls, *request(MOMENT + 5, edge=9000)], MOMENT).slower


def test_without_a_fault_a_finding_is_as_rare_as_promised() -> None:
    wrong = sum(
        bool(found.slower or found.failing)
        for seed in range(60)
        for found in [compare(world(lambda _: {}, seed), MOMENT)]
    )
    assert wrong <= 3


def test_rows_say_what_every_kind_of_call_did_before_and_since() -> None:
    rows = compare(world(lambda _: {"edge": 1900.0}), MOMENT).rows
    [edge] = [row for row in rows if row.caller]
    assert edge.calls == (100, 50)
    assert edge.median[1] == pytest.approx(1900, abs=1)
    assert not any(math.isnan(value) for row in rows for value in row.median)


@given(st.data())
def test_the_tail_of_the_hypergeometric_distribution_is_exact(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 60))
    marked, drawn = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    least = data.draw(st.integers(0, total))
    expected = hypergeom(total, marked, drawn).sf(least - 1)
    assert hypergeometric_tail(least, drawn, marked, total) == pytest.approx(expected, abs=1e-9)


names = st.sampled_from(["a", "b", "c", ""])


@given(
    st.lists(
        st.builds(
            TracedCall,
            st.builds(
                Span,
                st.floats(0, 20_000), names, names, names, names, names, st.floats(0, 1e6),
            ),
            st.booleans(),
            names,
        )
    )
)  # fmt: skip
def test_any_spans_can_be_compared_even_circles_and_orphans(calls: list[TracedCall]) -> None:
    found = compare(calls, MOMENT)
    assert all(0 <= each.now <= 1 for each in found.failing)
    assert all(each.now > each.usual for each in found.slower)


def test_examples_are_the_slowest_a_failed_one_and_a_normal_one_for_comparison() -> None:
    requests = [(f"n{i}", float(i), 50.0 + i, False) for i in range(9)]
    requests += [("slow", 20.0, 900.0, True), ("bad", 21.0, 70.0, True), ("ok", 22.0, 60.0, False)]
    assert examples(requests, 10.0) == {"slowest": "slow", "failed": "bad", "normal": "n4"}
    assert examples([], 10.0) == {}
