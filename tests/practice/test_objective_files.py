"""Files of objectives as people write them: what is counted, what is said, and what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from incidents.models import Service
from practice.core import windows as counted_windows
from practice.models import Slo
from practice.slo_files.base import ImportedObjective
from tests.practice.objective_documents import (
    ALL,
    GOOD,
    PYRRA_RATIO,
    RATIO,
    metric,
    openslo,
    pyrra,
    ratio,
    read,
    sloth,
)

CASES = Path(__file__).parents[1] / "cases"


ALPHA = """
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: answers, displayName: Answers}
spec:
  service: billing
  objectives:
    - ratioMetrics:
        incremental: true
        good: {source: prometheus, queryType: promql, query: 'sum(hits{code!~"5.."})'}
        total: {source: prometheus, queryType: promql, query: 'sum(hits)'}
      target: 0.99
  timeWindows: [{unit: Day, count: 30}]
"""
NOBL9 = """
- apiVersion: n9/v1alpha
  kind: SLO
  metadata: {name: answers, project: shop}
  spec:
    service: billing
    indicator: {metricSource: {name: our-prometheus, kind: Agent}}
    budgetingMethod: Occurrences
    timeWindows: [{unit: Month, count: 1, isRolling: false, calendar: {startTime: "2024-12-01 00:00:00", timeZone: UTC}}]
    objectives:
      - {name: fast, target: 0.95, op: lte, value: 0.3, rawMetric: {query: {prometheus: {promql: 'max(lag)'}}}}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("kind", "content", "window", "counts", "numerator", "total"),
    [
        pytest.param(
            "pyrra",
            pyrra("ratio: {errors: {metric: 'hits{code=~\"[45]..\"}'}, total: {metric: hits}}"),
            "14d",
            "bad",
            'sum(rate(hits{code=~"[45].."}[$window]))',
            "sum(rate(hits[$window]))",
            id="pyrra: two weeks, brackets in a matcher",
        ),
        pytest.param(
            "pyrra",
            pyrra("latencyNative: {latency: 1m30s, total: {metric: 'took{job=\"b\"}'}}", "12w"),
            "84d",
            "good",
            'histogram_fraction(0, 90, sum(rate(took{job="b"}[$window]))) * '
            'histogram_count(sum(rate(took{job="b"}[$window])))',
            'histogram_count(sum(rate(took{job="b"}[$window])))',
            id="pyrra: native histogram",
        ),
        pytest.param(
            "pyrra",
            pyrra("bool_gauge: {metric: 'up{job=\"b\"}'}", "1w3d"),
            "10d",
            "good",
            'sum(sum_over_time(up{job="b"}[$window]))',
            'sum(count_over_time(up{job="b"}[$window]))',
            id="pyrra: gauge of 0 and 1",
        ),
        pytest.param(
            "pyrra",
            pyrra(
                "ratio: {errors: {metric: 'e offset 5m'}, "
                "total: {metric: '{__name__=\"a\"} offset 5m'}}",
                "720h",
            ),
            "30d",
            "bad",
            "sum(rate(e[$window] offset 5m))",
            'sum(rate({__name__="a"}[$window] offset 5m))',
            id="pyrra: offset, hours",
        ),
        pytest.param(
            "pyrra",
            pyrra("bool_gauge: {metric: 'up{job=\"b\"}'}", "36h"),
            "36h",
            "good",
            'sum(sum_over_time(up{job="b"}[$window]))',
            'sum(count_over_time(up{job="b"}[$window]))',
            id="pyrra: a window of hours",
        ),
        pytest.param(
            "sloth",
            sloth("raw: {error_ratio_query: '1 - avg(ok[{{ .window }}])'}"),
            "30d",
            "bad",
            "1 - avg(ok[$window])",
            "0 * ((1 - avg(ok[$window])) >= -Inf) + 1",
            id="sloth: a ratio counts every minute the same",
        ),
        pytest.param(
            "sloth",
            sloth(
                "events: {errorQuery: 'sum(increase(bad[{{.window}}]))', "
                "totalQuery: 'sum_over_time((count(x))[{{.window}}:])'}"
            ),
            "30d",
            "bad",
            "sum(increase(bad[$window]))",
            "sum_over_time((count(x))[$window:])",
            id="sloth: subquery",
        ),
        pytest.param(
            "openslo",
            openslo(ratio(f"sum by (job) ({GOOD})", f"sum({ALL})")),
            "28d",
            "good",
            'sum(rate(hits{code!~"5.."}[$window]))',
            "sum(rate(hits[$window]))",
            id="openslo: sums of counters",
        ),
        pytest.param(
            "openslo",
            openslo(ratio('sum(increase(hits{p="[a]"}[5m]))', "sum(increase(hits[5m]))")),
            "28d",
            "good",
            'sum(increase(hits{p="[a]"}[$window]))',
            "sum(increase(hits[$window]))",
            id="openslo: own ranges, brackets in a matcher",
        ),
        pytest.param(
            "openslo",
            openslo(ratio("max_over_time(sum(rate(g[1m]))[5m:])", "sum(rate(a[$__range]))")),
            "28d",
            "good",
            "max_over_time(sum(rate(g[1m]))[$window:])",
            "sum(rate(a[$window]))",
            id="openslo: range within a subquery, Grafana's range",
        ),
        pytest.param(
            "openslo",
            openslo(ratio("good_now", "sum(all_now) + 1", "counter: false")),
            "28d",
            "good",
            "sum(sum_over_time(good_now[$window]))",
            "sum(sum_over_time((sum(all_now) + 1)[$window:1m] offset 1s))",
            id="openslo: no counters",
        ),
        pytest.param(
            "openslo",
            openslo(
                "indicator: {thresholdMetric: " + metric("lag") + "}",
                "op: lt, value: 2, targetPercent: 99.5",
                "duration: 1Q, isRolling: false",
            ),
            "quarter",
            "good",
            "sum(sum_over_time((((lag) >= -Inf) < bool 2)[$window:1m] offset 1s))",
            "sum(count_over_time(((lag) >= -Inf)[$window:1m] offset 1s))",
            id="openslo: threshold",
        ),
        pytest.param(
            "openslo",
            openslo(
                "indicator: {spec: {ratioMetric: {rawType: failure, raw: "
                + metric("bad_share")
                + "}}}",
                window="duration: 1w, calendar: {startTime: 2026-01-05 06:00:00, "
                "timeZone: Europe/Rome}",
            ),
            "7d@2026-01-05T06:00[Europe/Rome]",
            "bad",
            "sum(sum_over_time(((bad_share) >= -Inf)[$window:1m] offset 1s))",
            "sum(count_over_time(((bad_share) >= -Inf)[$window:1m] offset 1s))",
            id="openslo: ratio as a metric, calendar week",
        ),
        pytest.param(
            "openslo",
            openslo(
                "sli: {spec: {ratioMetric: {counter: true, bad: {dataSourceRef: main-prometheus, "
                "spec: {query: errs_total}}, total: {dataSourceRef: main-prometheus, "
                "spec: {query: reqs_total}}}}}",
                version="openslo.com/v2alpha",
                window="duration: 1M, calendar: {startTime: 2026-03-15 00:00:00}",
            ),
            "1M@2026-03-15T00:00[UTC]",
            "bad",
            "sum(rate(errs_total[$window]))",
            "sum(rate(reqs_total[$window]))",
            id="openslo: v2alpha, month from the 15th",
        ),
        pytest.param(
            "openslo",
            ALPHA,
            "30d",
            "good",
            'sum(rate(hits{code!~"5.."}[$window]))',
            "sum(rate(hits[$window]))",
            id="openslo: v1alpha",
        ),
        pytest.param(
            "openslo",
            NOBL9,
            "month",
            "good",
            "sum(sum_over_time((((max(lag)) >= -Inf) <= bool 0.3)[$window:1m] offset 1s))",
            "sum(count_over_time(((max(lag)) >= -Inf)[$window:1m] offset 1s))",
            id="openslo: Nobl9",
        ),
    ],
)
def test_an_objective_is_counted_as_its_tool_counts_it(
    kind: str, content: str, window: str, counts: str, numerator: str, total: str
) -> None:
    [found] = read(kind, content)
    assert isinstance(found, ImportedObjective), found
    assert (found.window, found.counts) == (window, counts)
    assert (found.numerator, found.total) == (numerator, total)
    assert counted_windows.is_window(found.window)


def test_lists_of_kubernetes_and_of_openslo_hold_documents() -> None:
    items = pyrra(PYRRA_RATIO).strip().replace("\n", "\n  ")
    [found] = read("pyrra", f"apiVersion: v1\nkind: List\nitems:\n- {items}")
    assert isinstance(found, ImportedObjective)
    assert found.place == "document 1, entry 1"


@pytest.mark.parametrize(
    ("matchers", "grouping", "named"),
    [
        ('job="a"', "[job]", ""),
        ('job = "a", handler=~"/api.*"', "[job, handler]", "handler"),
        ('job!="a"', "[job]", "job"),
        ('handler=~"/api.*"', "[handler]", "handler"),
        ("", "[service, method]", "service, method"),
        ('my_job="a"', "[job]", "job"),
    ],
)
def test_a_grouping_is_left_out_by_name_unless_the_query_has_one_group(
    matchers: str, grouping: str, named: str
) -> None:
    metric = f"'a{{{matchers}}}'"
    indicator = (
        f"ratio: {{errors: {{metric: e}}, total: {{metric: {metric}}}, grouping: {grouping}}}"
    )
    [found] = read("pyrra", pyrra(indicator))
    assert isinstance(found, ImportedObjective)
    said = f"Its grouping by {named} was not read: it is one objective of all groups together."
    assert list(found.remarks) == ([said] if named else [])


def test_what_of_an_objective_was_not_read_is_said() -> None:
    grouping = PYRRA_RATIO.replace("metric: a}", "metric: a}, grouping: [path, verb]")
    [grouped] = read("pyrra", pyrra(grouping, extra=", alerting: {disabled: true}"))
    [alpha] = read("openslo", (CASES / "openslo-v1alpha.yaml").read_text())
    [victoria] = read("sloth", sloth("raw: {error_ratio_query: 'x[{{.window}}]'}", extra=(
        ", plugins: {chain: [{id: sloth.dev/contrib/validate_victoria_metrics/v1}]}, "
        "alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}"
    )))  # fmt: skip
    assert isinstance(grouped, ImportedObjective)
    assert isinstance(alpha, ImportedObjective)
    assert isinstance(victoria, ImportedObjective)
    assert "grouping by path, verb was not read" in grouped.remarks[0]
    assert "alerts are switched off" in grouped.remarks[1]
    assert (alpha.service, alpha.name, alpha.target) == ("search", "search-available", 99.0)
    assert "28 days, rolling, were assumed" in alpha.remarks[0]
    assert alpha.remarks[1].startswith("It is openslo/v1alpha, an old version of OpenSLO")
    assert "alert policies and labels were not" in alpha.remarks[1]
    assert "MetricsQL" in victoria.remarks[0]
    assert "alerts are switched off" in victoria.remarks[1]


@pytest.mark.django_db
def test_an_import_says_what_it_assumed_and_what_it_left_out(manager: Client) -> None:
    for name in ("billing", "search"):
        Service.objects.create(name=name)

    def imported(kind: str, content: str) -> dict[str, list[dict[str, str]]]:
        answer = manager.post(
            "/api/v1/slos/import/", {"kind": kind, "content": content},
            content_type="application/json",
        )  # fmt: skip
        assert answer.status_code == 200, answer.content
        found: dict[str, list[dict[str, str]]] = answer.json()
        return found

    report = imported("pyrra", pyrra(PYRRA_RATIO) + "---" + pyrra(PYRRA_RATIO, "7d"))
    assert report["new"] == ["billing · billing-latency"]
    assert "its labels and its name suggest billing" in report["remarks"][0]["why"]
    assert "has an objective of this name in document 1 already" in report["skipped"][0]["why"]
    report = imported("pyrra", pyrra(PYRRA_RATIO).replace("billing-latency", "sum-of-all"))
    assert "it names no service, and none is known" in report["skipped"][0]["why"]
    labelled = pyrra(PYRRA_RATIO).replace("namespace: apps", "labels: {pyrra.dev/service: ghost}")
    report = imported("pyrra", labelled)
    assert "no service is named ghost" in report["skipped"][0]["why"]
    for kind in ("sloth", "pyrra", "openslo"):
        report = imported(kind, (CASES / "empty.json").read_text())
        assert (report["new"], len(report["skipped"])) == ([], 1)
    report = imported("openslo", (CASES / "openslo-v1alpha.yaml").read_text())
    assert report["new"] == ["search · search-available"]
    assert "openslo/v1alpha" in report["remarks"][1]["why"]
    content = openslo(RATIO, window="duration: 1w, calendar: {startTime: 2026-01-03 12:00:00}")
    assert imported("openslo", content)["new"] == ["billing · answers"]
    slo = Slo.objects.get(name="answers")
    page = manager.get(slo.get_absolute_url()).content.decode()
    assert "over 7 days at a time from 2026-01-03 12:00 UTC" in page
    form = manager.get(f"/practice/slos/{slo.pk}/edit/").content.decode()
    assert 'value="7d@2026-01-03T12:00[UTC]" selected' in form
    answer = manager.patch(
        f"/api/v1/slos/{slo.pk}/", {"window": "45d"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["window"]) == (200, "45d")
    answer = manager.patch(
        f"/api/v1/slos/{slo.pk}/", {"window": "6 weeks"}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert "Write hours or days, from 1h to 366d" in answer.content.decode()
    preview = manager.post(
        "/practice/slos/import/", {"kind": "pyrra", "content": pyrra(PYRRA_RATIO)}
    )
    assert "suggest billing" in preview.content.decode()
