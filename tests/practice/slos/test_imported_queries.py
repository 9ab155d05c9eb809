"""Imported indicators against Prometheus itself: what their two queries make of known samples."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from practice.core.prometheus_rules import Objective, bad_and_total
from practice.slo_files import registry
from practice.slo_files.base import ImportedObjective
from tests.conftest import tool

SERIES = {
    # A sample every 15 s for an hour: 10 requests a second. In minutes 2 and 3 of every five, half
    # of them fail; in minute 4, one of a hundred.
    'hits_total{code="200"}': "counter good",
    'hits_total{code="500"}': "counter bad",
    "reachable": "gauge up",
    "lag": "gauge lag",
    "share_good": "gauge share",
}
SAMPLES = 4 * 60


def values(kind: str) -> str:
    def failing(sample: int) -> float:
        minute = (sample - 1) // 4 % 5
        return {1: 0.5, 2: 0.5, 3: 0.01}.get(minute, 0.0)

    if kind.startswith("counter"):
        total, found = 0.0, []
        for sample in range(SAMPLES + 1):
            bad = failing(sample) * 150 if sample else 0.0
            total += bad if kind == "counter bad" else (150 - bad if sample else 0.0)
            found.append(f"{total:g}")
        return " ".join(found)
    # The gauges change by the minute, so that a point a minute sees every value.
    of_minute = {
        "gauge up": ["1", "1", "1", "0", "1"],
        "gauge lag": ["10", "700", "500", "20", "NaN"],
        "gauge share": ["1", "0.9", "0.5", "1", "NaN"],
    }[kind]
    # The minute that ends at a whole minute holds its last sample.
    return " ".join(of_minute[(sample - 1) // 4 % 5] for sample in range(SAMPLES + 1))


def openslo(indicator: str, **spec: object) -> str:
    objective = {"target": 0.9, **spec}
    method = objective.pop("method", "Occurrences")
    return yaml.safe_dump({
        "apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "x"},
        "spec": {
            "service": "s", "budgetingMethod": method, "objectives": [objective],
            "timeWindow": [{"duration": "2w", "isRolling": True}],
            "indicator": {"spec": yaml.safe_load(indicator)},
        },
    })  # fmt: skip


def source(query: str) -> str:
    return f"{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}"


GOOD_HITS, HITS = source('hits_total{code="200"}'), source("sum(hits_total)")
RATIO = f"ratioMetric: {{counter: true, good: {GOOD_HITS}, total: {HITS}}}"
BAD_RATE = source('sum(rate(hits_total{code="500"}[1h]))')
RATE = source("sum(rate(hits_total[1h]))")
BAD = f"ratioMetric: {{counter: true, bad: {BAD_RATE}, total: {RATE}}}"
LAG = f"thresholdMetric: {source('lag')}"
SHARE = f"ratioMetric: {{rawType: success, raw: {source('share_good')}}}"
PYRRA = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: up}
spec: {target: "99", window: 2w, indicator: {bool_gauge: {metric: reachable}}}
"""
SLOTH = """
version: prometheus/v1
service: s
slos:
  - name: raw
    objective: 99
    sli: {raw: {error_ratio_query: 'sum(rate(hits_total{code="500"}[{{.window}}])) / sum(rate(hits_total[{{.window}}]))'}}
"""  # noqa: E501
GAUGE = "a gauge of 0 and 1"
CASES: list[Any] = [
    # Of five minutes with 3,000 requests, 606 fail: 2 × 300 and 6.
    pytest.param("openslo", openslo(RATIO), 606 / 3000, id="requests"),
    pytest.param("openslo", openslo(BAD), 606 / 3000, id="bad requests, own range replaced"),
    pytest.param("openslo", openslo(RATIO, method="Timeslices", timeSliceTarget=0.95,
                                    timeSliceWindow="1m"), 2 / 5, id="minutes below 95 %"),
    pytest.param("openslo", openslo(BAD, method="Timeslices", timeSliceTarget=0.995,
                                    timeSliceWindow=1), 3 / 5, id="minutes below 99.5 %, by bad"),
    pytest.param("openslo", openslo(RATIO, method="Timeslices", timeSliceTarget=0.79,
                                    timeSliceWindow="10m"), 0.0, id="ten minutes are 79.8 % good"),
    pytest.param("openslo", openslo(RATIO, method="Timeslices", timeSliceTarget=0.8,
                                    timeSliceWindow="10m"), 1.0, id="ten minutes miss 80 %"),
    pytest.param("openslo", openslo(RATIO, method="RatioTimeslices", timeSliceWindow="1m"),
                 1.01 / 5, id="the average of minutes"),
    # Points at whole minutes; the one that is NaN is none.
    pytest.param("openslo", openslo(LAG, op="lte", value=500), 1 / 4, id="points up to a limit"),
    pytest.param("openslo", openslo(LAG, op="lt", value=500), 2 / 4, id="points below a limit"),
    pytest.param("openslo", openslo(SHARE), 0.6 / 4, id="a ratio that is a metric"),
    pytest.param("pyrra", PYRRA, 1 / 5, id=GAUGE),
    pytest.param("sloth", SLOTH, 606 / 3000, id="a query that is a ratio"),
]  # fmt: skip


def ratio_of(kind: str, content: str) -> str:
    [found] = registry()[kind]().read(content)
    assert isinstance(found, ImportedObjective), found
    bad, total = bad_and_total(
        Objective(
            "1",
            "s",
            found.name,
            0.9,
            timedelta(days=14),
            found.counts,
            found.numerator,
            found.total,
        )
    )
    return f"({bad}) / ({total})"


def test_prometheus_finds_the_error_ratio_of_each_indicator(tmp_path: Path) -> None:
    checks = [
        {
            # Up to Prometheus 2 a range holds both its ends: of 21 samples 4 are down, not of 20.
            "expr": f"round({ratio_of(*case.values[:2])}, {0.02 if case.id == GAUGE else 0.0001})",
            "eval_time": "40m",
            "exp_samples": [{"labels": "{}", "value": round(case.values[2], 4)}],
        }
        for case in CASES
    ]
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump({
            "evaluation_interval": "1m",
            "tests": [{
                "interval": "15s",
                "input_series": [
                    {"series": name, "values": values(kind)} for name, kind in SERIES.items()
                ],
                "promql_expr_test": checks,
            }],
        })
    )  # fmt: skip
    finished = subprocess.run(
        [tool("promtool"), "test", "rules", "test.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
