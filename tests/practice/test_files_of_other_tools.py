"""Files of other tools: several documents, odd references, unknown kinds; skips have reasons."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.models import Service
from practice.core.prometheus_rules import bad_and_total
from practice.load_tests import registry as load_tests
from practice.load_tests.base import BadFile, LoadTestSummary
from practice.models import Slo
from practice.slo_files import registry
from practice.slo_files.base import ImportedObjective, Skipped
from practice.slos.counting import objective_of
from practice.slos.importing import import_objectives
from tests.sizes import examples

SLOTH = """
version: prometheus/v1
service: checkout
labels: {owner: orders}
slos:
  - name: availability
    objective: 99.95
    description: Answered without an error.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="checkout",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="checkout"}[{{ .window }}]))
    alerting: {name: CheckoutAvailability, page_alert: {labels: {severity: page}}}
  - name: raw-one
    objective: 99
    sli: {raw: {error_ratio_query: "sum(rate(x[{{.window}}]))"}}
  - name: by-plugin
    objective: 99
    sli: {plugin: {id: sloth-common/kubernetes/apiserver/availability}}
  - name: too-good
    objective: 100
    sli: {events: {error_query: "a[{{.window}}]", total_query: "b[{{.window}}]"}}
  - 7
---
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: payments, namespace: monitoring}
spec:
  service: payments
  slos:
    - name: requests
      objective: 99.9
      sli:
        events:
          errorQuery: sum(rate(pay_errors_total[{{.window}}]))
          totalQuery: sum(rate(pay_total[{{.window}}]))
---
apiVersion: v1
kind: ConfigMap
---
- a list
"""
PYRRA = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: checkout-errors
  namespace: monitoring
  labels: {prometheus: k8s, pyrra.dev/service: checkout}
spec:
  target: "99.5"
  window: 4w
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{job="checkout",code=~"5.."}'}
      total: {metric: 'http_requests_total{job="checkout"}'}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: checkout}
spec:
  target: "99"
  window: 30d
  indicator:
    latency:
      success: {metric: 'request_seconds_bucket{job="checkout",le="0.3"}'}
      total: {metric: 'request_seconds_count{job="checkout"}'}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: gauge}
spec: {target: "99", window: 2w, indicator: {bool_gauge: {metric: up}}}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: native}
spec: {target: "99", indicator: {latencyNative: {latency: 1s, total: {metric: x}}}}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
"""
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-good, displayName: Good}
spec:
  service: checkout
  indicatorRef: good-requests
  timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "2026-01-01 00:00:00"}}]
  budgetingMethod: Occurrences
  objectives:
    - {target: 0.995}
    - {targetPercent: 99, displayName: softer}
    - {displayName: none}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: good-requests}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code="200"}'}}}
    total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(http_requests_total[5m]))'}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: lost}
spec: {service: checkout, indicatorRef: nowhere, objectives: [{target: 0.9}]}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: threshold}
spec:
  service: checkout
  indicator: {spec: {thresholdMetric: {metricSource: {spec: {query: x}}}}}
  objectives: [{op: lte, value: 1, target: 0.9}]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: page}
"""


def read(kind: str, content: str) -> tuple[list[ImportedObjective], list[Skipped]]:
    found = list(registry()[kind]().read(content))
    return (
        [each for each in found if isinstance(each, ImportedObjective)],
        [each for each in found if isinstance(each, Skipped)],
    )


def test_sloth_files_of_both_kinds_are_read_and_the_rest_is_reported() -> None:
    entries, skipped = read("sloth", SLOTH)
    assert [(e.service, e.name, e.target) for e in entries] == [
        ("checkout", "availability", 99.95), ("checkout", "raw-one", 99.0),
        ("payments", "requests", 99.9),
    ]  # fmt: skip
    assert entries[0].numerator.endswith('code=~"(5..|429)"}[$window]))')
    assert "[$window]" in entries[0].total
    reasons = " ".join(each.why for each in skipped)
    for word in ("plug-in", "between 0 and 100", "not an object", "ConfigMap"):
        assert word in reasons
    assert len(skipped) == 5


def test_pyrra_ratios_and_latencies_are_read_and_the_rest_is_reported() -> None:
    entries, skipped = read("pyrra", PYRRA)
    first, second, gauge = entries
    assert (first.service, first.target, first.window, first.counts) == (
        "checkout", 99.5, "28d", "bad",
    )  # fmt: skip
    assert first.total == 'sum(rate(http_requests_total{job="checkout"}[$window]))'
    assert (second.counts, second.window) == ("good", "30d")
    assert (gauge.window, gauge.numerator) == ("14d", "sum(sum_over_time(up[$window]))")
    reasons = " ".join(each.why for each in skipped)
    for word in ("native: “spec.window” is missing", "PrometheusRule"):
        assert word in reasons


def test_openslo_indicators_are_found_anywhere_in_the_file() -> None:
    entries, skipped = read("openslo", OPENSLO)
    assert [(e.name, e.target, e.window, e.counts) for e in entries] == [
        ("checkout-good", 99.5, "month", "good"), ("checkout-good-2", 99.0, "month", "good"),
        ("threshold", 90.0, "28d", "good"),
    ]  # fmt: skip
    assert entries[0].numerator == 'sum(rate(http_requests_total{code="200"}[$window]))'
    assert entries[0].total == "sum(rate(http_requests_total[$window]))"
    reasons = " ".join(each.why for each in skipped)
    for word in ("no target", "nowhere", "AlertPolicy"):
        assert word in reasons


@pytest.mark.parametrize("kind", ["sloth", "pyrra", "openslo"])
@pytest.mark.parametrize("content", ["{", "a: [", "\t", "!!python/object:os.system x"])
def test_a_file_that_is_not_yaml_is_rejected_with_a_reason(kind: str, content: str) -> None:
    with pytest.raises(BadFile, match="not YAML"):
        read(kind, content)


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["kind", "apiVersion", "version", "service", "slos", "spec", "metadata",
                         "name", "indicator", "objectives", "target", "sli", "events"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["sloth", "pyrra", "openslo"])
@settings(max_examples=examples(60))
@given(document=nested)
def test_no_document_breaks_a_reader(kind: str, document: object) -> None:
    try:
        found = list(registry()[kind]().read(json.dumps(document)))
    except BadFile:
        assert document is None or document == []
        return
    assert all(each.place for each in found)


@pytest.mark.django_db
def test_objectives_are_imported_once_and_updated_afterwards() -> None:
    for name in ("checkout", "payments"):
        Service.objects.create(name=name)
    preview = import_objectives("sloth", SLOTH, dry_run=True)
    assert len(preview.new) == 3
    assert not Slo.objects.exists()
    import_objectives("sloth", SLOTH)
    again = import_objectives("sloth", SLOTH)
    assert (again.new, again.changed, again.same) == ([], [], 3)
    changed = import_objectives("sloth", SLOTH.replace("99.95", "99.9"))
    assert changed.changed == ["checkout · availability"]
    assert len(changed.skipped) == 5


@pytest.mark.django_db
def test_an_objective_of_an_unknown_service_is_skipped_with_what_to_do() -> None:
    report = import_objectives("pyrra", PYRRA)
    assert not report.new
    assert any("no service is named checkout" in why for _, why in report.skipped)
    with pytest.raises(ValidationError, match="Choose one of"):
        import_objectives("nobl9", "x")


@pytest.mark.django_db
def test_changed_queries_restart_the_counting() -> None:
    Service.objects.create(name="checkout")
    import_objectives("pyrra", PYRRA)
    slo = Slo.objects.get(name="checkout-errors")
    slo.days.create(day="2026-11-01", bad=[0.0] * 288, total=[1.0] * 288)
    import_objectives("pyrra", PYRRA.replace("99.5", "99.4"))
    assert slo.days.exists()
    import_objectives("pyrra", PYRRA.replace('code=~"5.."', 'code=~"[45].."'))
    assert not slo.days.exists()
    bad, total = bad_and_total(objective_of(Slo.objects.get(pk=slo.pk)))
    assert "[5m]" in bad
    assert "$window" not in bad + total


K6 = {
    "metrics": {
        "http_req_duration": {"avg": 90.1, "med": 80.5, "p(90)": 150, "p(95)": 210.25},
        "http_reqs": {"count": 12_000, "rate": 99.9},
        "http_req_failed": {"passes": 12, "fails": 11_988, "value": 0.001},
    }
}
K6_NEW = {
    "metrics": {
        "http_req_duration": {"type": "trend", "values": {"med": 80.5, "p(95)": 210.25}},
        "http_reqs": {"type": "counter", "values": {"count": 12_000, "rate": 99.9}},
        "http_req_failed": {"type": "rate", "values": {"rate": 0.001}},
    }
}
JMETER = {
    "Total": {
        "transaction": "Total", "sampleCount": 2000, "errorCount": 30, "errorPct": 1.5,
        "meanResTime": 120.0, "medianResTime": 99.0, "pct1ResTime": 200.0, "pct2ResTime": 260.0,
        "pct3ResTime": 410.0, "throughput": 55.5,
    }
}  # fmt: skip
JTL = """timeStamp,elapsed,label,responseCode,success
1700000000000,100,home,200,true
1700000001000,200,home,200,true
1700000002000,300,home,500,false
1700000003000,1000,home,200,true
"""
LOCUST = """Type,Name,Request Count,Failure Count,Median Response Time,Requests/s,50%,95%,99%
GET,/,500,1,40,5.0,40,90,120
,Aggregated,1000,5,45,10.0,45,95,130
"""


@pytest.mark.parametrize(
    ("tool", "content", "summary"),
    [
        ("k6", json.dumps(K6), LoadTestSummary(80.5, 210.25, None, 99.9, 0.001, 12_000)),
        ("k6", json.dumps(K6_NEW), LoadTestSummary(80.5, 210.25, None, 99.9, 0.001, 12_000)),
        ("jmeter", json.dumps(JMETER), LoadTestSummary(99.0, 260.0, 410.0, 55.5, 0.015, 2000)),
        ("jmeter", JTL, LoadTestSummary(200.0, 1000.0, 1000.0, 1.0, 0.25, 4)),
        ("locust", LOCUST, LoadTestSummary(45.0, 95.0, 130.0, 10.0, 0.005, 1000)),
    ],
)
def test_summaries_of_load_tests_are_read(
    tool: str, content: str, summary: LoadTestSummary
) -> None:
    assert load_tests()[tool]().read(content) == summary


@pytest.mark.parametrize("tool", ["k6", "jmeter", "locust", "gatling"])
@pytest.mark.parametrize(
    "content", ["", "{}", "a,b\n1,2\n", '{"metrics": {}}', "[", '{"Total": 3}']
)
def test_a_file_that_is_no_summary_is_rejected_with_a_reason(tool: str, content: str) -> None:
    with pytest.raises(BadFile, match=r"It |Its |This |Neither "):
        load_tests()[tool]().read(content)
