"""What an alert's expression measures, for expressions of common rule files and for any text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.logql import log_query_in
from common.monitor_links import query_in_link
from common.promql import MAX_CURVES, Threshold, curves_of, keeps_labels, metrics_in


def read(expression: str) -> list[tuple[str, str]]:
    return [(curve.query, str(curve.threshold or "")) for curve in curves_of(expression)]


@pytest.mark.parametrize(
    ("expression", "curves"),
    [
        ("shop_cpu > 90", [("shop_cpu", "> 90")]),
        ("0.9 < shop_cpu", [("shop_cpu", "> 0.9")]),
        ('up{job="x"} == 0', [('up{job="x"}', "== 0")]),
        ('absent(up{job="x"})', [('up{job="x"}', "")]),
        ("(shop_cpu) > bool (5 * 10 ^ 2)", [("shop_cpu", "> 500")]),
        ("time() - backup_time > 1d", [("time() - backup_time", "> 86400")]),
        # A brace, a bracket or a string may hold what elsewhere would be an operator.
        ('x{a!="b > 5 and c"} >= -1e3', [('x{a!="b > 5 and c"}', ">= -1000")]),
        ("max_over_time(x[1h:5m]) > 0x10 # and y > 3", [("max_over_time(x[1h:5m])", "> 16")]),
        ("rate(x[$__rate_interval]) > 2", [("rate(x[5m])", "> 2")]),
        # A burn rate over two windows, as in the workbook of site reliability.
        (
            "(slo:1h > (14.4 * 0.001) and slo:5m > (14.4 * 0.001)) or on (job) slo:6h > 0.006",
            [("slo:1h", "> 0.0144"), ("slo:5m", "> 0.0144"), ("slo:6h", "> 0.006")],
        ),
        ("used > on (disk) group_left size", [("used", ""), ("size", "")]),
        ("x > 5 or vector(0)", [("x", "> 5")]),
        ("0 < x < 5", [("x", "< 5")]),
        ("x > 1 and", [("x", "> 1")]),
        # Not PromQL, or nothing to draw.
        ('sum(rate({app="shop"} |= "error" [5m])) > 10', []),
        ("x > (5", []),
        ("1 > 0", []),
        ("1 < 2 > 3", []),
        ("", []),
    ],
)
def test_a_condition_becomes_the_curves_behind_it(
    expression: str, curves: list[tuple[str, str]]
) -> None:
    assert read(expression) == curves


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 2400 + "x" + ")" * 2400,
        "x" + "<1" * 2400,
        "x or " * 990 + "x",
        "{" * 2400 + "}" * 2400,
        '"' * 4999,
        "a" * 5000,
        "x by (" * 700 + ")" * 700,
        "-" * 4000 + "1 > x",
        "x > " + "9" * 4000,
        "x > 9" + "^9" * 15,
    ],
)
def test_an_expression_made_to_be_slow_or_deep_is_read_at_once(hostile: str) -> None:
    began = time.process_time()
    assert len(curves_of(hostile)) <= MAX_CURVES
    keeps_labels(hostile, ["job"])
    log_query_in(hostile)
    assert time.process_time() - began < 0.5


def test_metrics_are_the_names_that_are_queried_and_no_labels_or_functions() -> None:
    expression = (
        'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) '
        "/ on (job) group_left (team) sum without (pod) (jobs:http:rate5m offset 5m) > 3"
    )
    assert metrics_in(expression) == ["http_requests_total", "jobs:http:rate5m"]


@pytest.mark.parametrize(
    ("expression", "has_them"),
    [
        ("shop_cpu", True),
        ("sum by (job, instance) (rate(x[5m])) / sum by (instance, job) (y)", True),
        ("sum(rate(x[5m])) by (job, instance)", True),
        ("sum by (job) (x)", False),
        ("sum by (job, instance) (x) / sum(y)", False),
        ("avg without (instance) (x)", False),
        ("avg without (cpu) (x)", True),
        ("count(x)", False),
    ],
)
def test_it_is_known_which_labels_a_curve_still_has(expression: str, has_them: bool) -> None:
    assert keeps_labels(expression, ["job", "instance"]) is has_them


@given(st.text(st.sampled_from("ab_1.9 <>=!()[]{}\"'|\\+-*/^and or")))
def test_a_query_is_a_part_of_the_expression_and_nothing_is_made_up(expression: str) -> None:
    for curve in curves_of(expression):
        assert curve.query.replace(" ", "") in expression.replace(" ", "")
        assert Threshold.parse(str(curve.threshold)) == curve.threshold


@given(st.text())
def test_any_text_is_read_without_an_error(expression: str) -> None:
    assert len(curves_of(expression)) <= MAX_CURVES
    assert all(name in expression for name in metrics_in(expression))
    assert keeps_labels(expression, []) in (True, False)


@given(
    st.sampled_from(["x", 'rate(x{a="b"}[5m])', "a / b", "sum by (c) (x) * 100"]),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6)),
)
def test_a_comparison_with_a_number_is_its_threshold(
    measure: str, comparison: str, value: float
) -> None:
    [curve] = curves_of(f"{measure} {comparison} {value:f}")
    assert curve.query == measure
    assert curve.threshold
    assert (curve.threshold.comparison, curve.threshold.value) == (comparison, pytest.approx(value))


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "up == 0"),
        ("https://thanos/x/graph?g0.tab=0&g0.expr=a%2Fb%20%3E%201", "a/b > 1"),
        ("http://vm:8428/vmui/#/?g0.expr=up%20%3D%3D%200&g0.range_input=30m", "up == 0"),
        # vmalert with Grafana, as its documents give it; Loki's ruler; Explore of today.
        ('http://g/explore?orgId=1&left={"datasource":"VM","queries":[{"expr":"x > 1"}]}', "x > 1"),
        ('http://g/explore?left=["now-1h","now","Loki",{"expr":"rate(x[1m]) > 2"}]',
         "rate(x[1m]) > 2"),
        ('http://g/explore?panes={"a":{"queries":[{"refId":"A","expr":"y < 3"}]}}', "y < 3"),
        ("https://grafana.example/alerting/grafana/ab1/view?orgId=1", ""),
        ("http://p/graph?g0.expr=" + "x" * 6000, ""),
        ("http://p/graph?left={", ""),
        ("http://[/graph?g0.expr=x", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_query_in_a_monitors_link_is_found(link: str, query: str) -> None:
    assert query_in_link(link) == query


@given(st.text())
def test_any_link_is_read_without_an_error(link: str) -> None:
    assert isinstance(query_in_link(f"http://p/?left={link}"), str)
    assert isinstance(query_in_link(link), str)


@pytest.mark.parametrize(
    ("expression", "query"),
    [
        ('sum(rate({app="shop"} |= "error" [5m])) > 10', '{app="shop"} |= "error"'),
        (
            'count_over_time({a="b"} | json | (level="x" or n > 3) | line_format "{{.m}}"[1m]) > 2',
            '{a="b"} | json | (level="x" or n > 3) | line_format "{{.m}}"',
        ),
        ('{app="a}b"} |~ "[0-9]"', '{app="a}b"} |~ "[0-9]"'),
        ('sum by (app) (count_over_time({app=~".+"}[5m])) > 0', '{app=~".+"}'),
        ('rate(http_requests_total{code="500"}[5m]) > 1', ""),
        ("{app=", ""),
        ("up == 0", ""),
    ],
)
def test_the_lines_behind_an_alert_on_logs_are_found(expression: str, query: str) -> None:
    assert log_query_in(expression) == query


@given(st.text(st.sampled_from('{}[]()"`|=ab \\\n')))
def test_any_text_is_read_as_logs_without_an_error(expression: str) -> None:
    assert log_query_in(expression) in expression
