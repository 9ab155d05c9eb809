"""The demo world's PromQL, held against what Prometheus documents of the language."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.world.faults import Episode, Episodes
from demo.world.promql import METRICS, Unsupported, Vector, evaluate
from demo.world.services import SERVICES
from demo.world.telemetry import World
from tests.sizes import examples

NOON = 1_790_000_000.0 // 86_400 * 86_400 + 43_200
TIMES = np.arange(NOON - 1800, NOON, 60.0)
HTTP = sorted(name for name, runs in SERVICES.items() if runs.kind == "http")
names = st.sampled_from(sorted(METRICS))
services = st.sampled_from(HTTP)
numbers = st.integers(-50, 50).map(float)
quick = settings(deadline=None, max_examples=examples(40))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return quiet(tmp_path_factory.mktemp("world"))


def quiet(folder: Path) -> World:
    """A world in which checkout alone has a fault."""
    world = World(Episodes(folder / "faults.json"))
    world.episodes.add(Episode("checkout", "bad-deploy", NOON - 1200, NOON - 300))
    return world


def by_labels(vectors: list[Vector]) -> dict[tuple[tuple[str, str], ...], np.ndarray]:
    """Series by their labels; no two of an answer may have the same ones."""
    found = {
        tuple(sorted((k, v) for k, v in one.labels.items() if k != "__name__")): one.values
        for one in vectors
    }
    assert len(found) == len(vectors)
    return found


def same(left: list[Vector], right: list[Vector]) -> None:
    first, second = by_labels(left), by_labels(right)
    assert first.keys() == second.keys()
    for labels, values in first.items():
        np.testing.assert_allclose(values, second[labels], rtol=1e-9)


# Selectors


@quick
@given(name=names)
def test_a_name_alone_selects_all_its_series_each_with_labels_of_its_own(
    world: World, name: str
) -> None:
    found = evaluate(world, name, TIMES)
    assert found
    assert {one.labels["__name__"] for one in found} == {name}
    assert all(len(one.values) == len(TIMES) for one in found)
    assert by_labels(found)


@quick
@given(name=names, service=st.sampled_from(sorted(SERVICES)))
def test_equal_and_not_equal_part_the_series_of_a_metric(
    world: World, name: str, service: str
) -> None:
    every = evaluate(world, name, TIMES)
    its = evaluate(world, f'{name}{{service="{service}"}}', TIMES)
    others = evaluate(world, f'{name}{{service!="{service}"}}', TIMES)
    assert {one.labels["service"] for one in its} <= {service}
    assert service not in {one.labels["service"] for one in others}
    same(every, [*its, *others])


def test_a_regular_expression_must_match_the_whole_value(world: World) -> None:
    def services_of(matcher: str) -> set[str]:
        return {v.labels["service"] for v in evaluate(world, f"up{{service{matcher}}}", TIMES)}

    assert services_of('=~"orders"') == {"orders"}
    assert services_of('=~"orders.*"') == {"orders", "orders-db"}
    assert services_of('=~"orders|mailer"') == {"orders", "mailer"}
    assert services_of('!~"orders.*"') == set(SERVICES) - {"orders", "orders-db"}
    assert services_of('=~".+"') == set(SERVICES)
    assert services_of('=~""') == set()


def test_an_absent_label_is_the_same_as_an_empty_one(world: World) -> None:
    same(evaluate(world, 'up{zone=""}', TIMES), evaluate(world, "up", TIMES))
    assert evaluate(world, 'up{zone!=""}', TIMES) == []
    assert evaluate(world, 'up{zone="a"}', TIMES) == []


def test_all_matchers_must_hold_and_an_unknown_metric_has_no_series(world: World) -> None:
    [only] = evaluate(world, 'http_requests_total{service="search",code=~"5.."}', TIMES)
    assert (only.labels["service"], only.labels["code"]) == ("search", "500")
    assert evaluate(world, "no_such_metric", TIMES) == []


@quick
@given(service=services, minutes=st.integers(1, 600))
def test_an_offset_reads_as_many_minutes_back(world: World, service: str, minutes: int) -> None:
    selector = f'node_load1{{service="{service}"}} or up{{service="{service}"}}'
    cpu = f'container_memory_working_set_bytes{{service="{service}"}}'
    assert evaluate(world, selector, TIMES)
    same(
        evaluate(world, f"{cpu} offset {minutes}m", TIMES),
        evaluate(world, cpu, TIMES - minutes * 60),
    )
    rate = f'rate(http_requests_total{{service="{service}"}}[5m]'
    same(
        evaluate(world, f"{rate} offset {minutes}m)", TIMES),
        evaluate(world, f"{rate})", TIMES - minutes * 60),
    )


@quick
@given(service=services)
def test_counters_never_fall(world: World, service: str) -> None:
    for name in (name for name, (_, _, counts) in METRICS.items() if counts):
        for one in evaluate(world, f'{name}{{service="{service}"}}', TIMES):
            assert (np.diff(one.values) >= 0).all(), name


# Numbers and operators


@quick
@given(
    a=numbers, b=numbers, c=numbers, first=st.sampled_from("+-*/"), second=st.sampled_from("+-*/")
)
def test_arithmetic_of_numbers_has_the_usual_precedence(
    world: World, a: float, b: float, c: float, first: str, second: str
) -> None:
    [found] = evaluate(world, f"{a:g} {first} ({b:g}) {second} ({c:g})", TIMES)
    with np.errstate(all="ignore"):
        x, y, z = np.float64(a), np.float64(b), np.float64(c)
        wanted = eval(f"x {first} y {second} z", {"x": x, "y": y, "z": z})  # noqa: S307
    assert found.labels == {}
    np.testing.assert_array_equal(found.values, np.full(len(TIMES), wanted))


@quick
@given(number=numbers, operator=st.sampled_from("+-*"))
def test_a_number_is_applied_to_every_series_and_the_name_is_dropped(
    world: World, number: float, operator: str
) -> None:
    plain = evaluate(world, "pg_stat_activity_count", TIMES)
    found = evaluate(world, f"pg_stat_activity_count {operator} ({number:g})", TIMES)
    assert all("__name__" not in one.labels for one in found)
    apply = {"+": np.add, "-": np.subtract, "*": np.multiply}[operator]
    same(found, [Vector(one.labels, apply(one.values, number)) for one in plain])


def test_two_vectors_are_matched_on_equal_labels(world: World) -> None:
    used = evaluate(world, "node_filesystem_avail_bytes / node_filesystem_size_bytes", TIMES)
    assert {one.labels["service"] for one in used} == {
        name for name, runs in SERVICES.items() if runs.kind in ("postgresql", "node")
    }
    assert all(((one.values > 0) & (one.values < 1)).all() for one in used)
    # Nothing has the labels of both, so nothing is left.
    assert evaluate(world, "redis_connected_clients + pg_locks_waiting_count", TIMES) == []


def test_a_sum_without_labels_does_not_match_series_that_have_some(world: World) -> None:
    assert evaluate(world, 'up{service="search"} / sum(up)', TIMES) == []
    [share] = evaluate(world, 'sum(up{service="search"}) / sum(up)', TIMES)
    np.testing.assert_allclose(share.values, 1 / len(SERVICES))


def test_division_by_zero_is_what_ieee_754_says_and_no_error(world: World) -> None:
    assert math.isinf(evaluate(world, "1 / 0", TIMES)[0].values[0])
    assert math.isnan(evaluate(world, "0 / 0", TIMES)[0].values[0])


def test_or_adds_from_the_right_only_what_the_left_has_not(world: World) -> None:
    left = 'up{service=~"orders|search"} * 2'
    found = by_labels(evaluate(world, f"({left}) or up", TIMES))
    assert len(found) == len(SERVICES)
    for labels, values in found.items():
        assert set(values) == {2.0 if labels[0][1] in ("orders", "search") else 1.0}


# Aggregation


@quick
@given(name=names, by=st.sets(st.sampled_from(["service", "code", "le", "zone"])))
def test_by_keeps_the_labels_it_names_and_without_all_others(
    world: World, name: str, by: set[str]
) -> None:
    rest = {"service", "code", "le", "zone", "pod"} - by
    found = evaluate(world, f"sum by ({','.join(by)}) ({name})", TIMES)
    assert all(set(one.labels) <= by for one in found)
    same(found, evaluate(world, f"sum without ({','.join(rest)}) ({name})", TIMES))
    [whole] = evaluate(world, f"sum({name})", TIMES)
    np.testing.assert_allclose(sum(one.values for one in found), whole.values, rtol=1e-9)
    assert whole.labels == {}


@quick
@given(name=names)
def test_sum_is_average_times_count_and_the_average_lies_between_the_extremes(
    world: World, name: str
) -> None:
    total, average, count, least, most = (
        evaluate(world, f"{how}({name})", TIMES)[0].values
        for how in ("sum", "avg", "count", "min", "max")
    )
    np.testing.assert_allclose(total, average * count, rtol=1e-9)
    assert (least <= average * (1 + 1e-9)).all()
    assert (average <= most * (1 + 1e-9)).all()
    assert set(count) == {float(len(evaluate(world, name, TIMES)))}


def test_an_aggregate_of_nothing_is_nothing(world: World) -> None:
    assert evaluate(world, "sum(no_such_metric)", TIMES) == []


# Functions


@quick
@given(service=services, minutes=st.integers(1, 60))
def test_an_increase_is_the_rate_times_the_seconds_of_its_window(
    world: World, service: str, minutes: int
) -> None:
    selector = f'http_requests_total{{service="{service}"}}[{minutes}m]'
    same(
        evaluate(world, f"increase({selector})", TIMES),
        evaluate(world, f"rate({selector}) * {minutes * 60}", TIMES),
    )


def test_a_rate_has_no_name_and_rises_with_the_errors_of_a_fault(world: World) -> None:
    [errors] = evaluate(
        world, 'rate(http_requests_total{service="checkout",code="500"}[1m])', TIMES
    )
    assert errors.labels == {"service": "checkout", "code": "500"}
    during = (NOON - 1000 < TIMES) & (NOON - 300 > TIMES)
    assert errors.values[during].min() > 20 * errors.values[TIMES < NOON - 1300].max()


@quick
@given(low=st.floats(0.05, 0.9), more=st.floats(0.001, 0.09))
def test_quantiles_rise_and_have_all_labels_but_le(world: World, low: float, more: float) -> None:
    buckets = "sum by (service, le) (rate(http_request_duration_seconds_bucket[5m]))"
    lower = evaluate(world, f"histogram_quantile({low:.4f}, {buckets})", TIMES)
    higher = by_labels(evaluate(world, f"histogram_quantile({low + more:.4f}, {buckets})", TIMES))
    assert {one.labels["service"] for one in lower} == set(HTTP)
    for labels, values in by_labels(lower).items():
        assert (values <= higher[labels] + 1e-12).all()


def test_a_quantile_is_interpolated_within_its_bucket(world: World) -> None:
    selector = 'rate(http_request_duration_seconds_bucket{service="search"%s}[5m])'
    [median] = evaluate(world, f"histogram_quantile(0.5, {selector % ''})", TIMES)
    [whole] = evaluate(world, selector % ',le="+Inf"', TIMES)
    bounds = [0.0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]
    counts = [0 * whole.values] + [
        evaluate(world, selector % f',le="{bound:g}"', TIMES)[0].values for bound in bounds[1:]
    ]
    for column, found in enumerate(median.values):
        points = [float(count[column]) for count in counts]
        assert found == pytest.approx(np.interp(whole.values[column] / 2, points, bounds))


# What it does not speak is refused: an answer that leaves out a part of the question is wrong.


@pytest.mark.parametrize(
    "query",
    [
        "-up", "up > 0", "up and up", "up unless up", "2 ^ 3", "topk(3, up)", "up @ 100",
        "quantile(0.9, up)", "up / on (service) up", "up / ignoring (code) up",
        "max_over_time(up[5m])", "rate(up[5m:1m])", '{service="orders"}', "clamp_min(up, 1)",
        "histogram_quantile(scalar(up), up)", "up[5m]", '"text"', "rate(up[5m] @ 3)",
    ],
)  # fmt: skip
def test_what_it_does_not_speak_is_refused(world: World, query: str) -> None:
    promql_parser.parse(query)
    with pytest.raises(Unsupported, match="not supported here"):
        evaluate(world, query, TIMES)


@settings(deadline=None, max_examples=examples(200))
@given(query=st.text(alphabet='up{}()[]=~"!,+-*/ 15msrate_by', max_size=25))
def test_no_query_is_more_than_an_answer_or_a_value_error(world: World, query: str) -> None:
    try:
        found = evaluate(world, query, TIMES)
    except ValueError:
        return
    assert all(len(one.values) == len(TIMES) for one in found)
