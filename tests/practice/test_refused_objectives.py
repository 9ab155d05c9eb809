"""Objectives that cannot be imported, and the sentence that says which field and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from practice.slo_files.base import BadFile, ImportedObjective
from tests.practice.objective_documents import (
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


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        (
            "sloth",
            sloth("plugin: {id: shop/queue/depth}"),
            "requests: its queries are in Sloth's plug-in “shop/queue/depth”",
        ),
        (
            "sloth",
            sloth("events: {error_query: 'a[{{.window}}]'}"),
            "requests: “sli.events.total_query” is missing.",
        ),
        (
            "sloth",
            sloth("events: {error_query: 'a[5m]', total_query: 'b[{{.window}}]'}"),
            "“error_query” has no {{.window}} as its range.",
        ),
        (
            "sloth",
            sloth("events: {error_query: 'a{c=\"{{.cluster}}\"}[{{.window}}]', total_query: x}"),
            "“error_query” has the template {{.cluster}}",
        ),
        ("sloth", sloth(""), "requests: “sli” has neither events, raw nor plugin."),
        (
            "sloth",
            sloth("raw: {}", objective="101"),
            "requests: “objective” is 101, not between 0 and 100.",
        ),
        ("sloth", "version: prometheus/v1\nservice: ''\nslos: [{}]", "“service” is missing."),
        (
            "sloth",
            "version: prometheus/v2\nservice: b",
            "It is (prometheus/v2); read is “version: prometheus/v1”.",
        ),
        (
            "sloth",
            "groups: [{name: sloth-slo-meta, rules: []}]",
            "It is a file of Prometheus rules: import the objectives that they were made from.",
        ),
        (
            "pyrra",
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a}",
            "PrometheusRule a (monitoring.coreos.com/v1) of Prometheus rules: import the object",
        ),
        (
            "pyrra",
            'version: "3"\nservices: {prometheus: {image: prom/prometheus}}',
            "It has neither “apiVersion” and “kind” nor “version: prometheus/v1”.",
        ),
        (
            "pyrra",
            "apiVersion: pyrra.dev/v1alpha1\nmetadata: {name: a}",
            "It is a (pyrra.dev/v1alpha1); read is kind ServiceLevelObjective.",
        ),
        ("sloth", pyrra(PYRRA_RATIO), "a file of Pyrra: choose Pyrra as its kind."),
        (
            "sloth",
            "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec: {sloPeriod: 7d}",
            "AlertWindows (sloth.slok.dev/v1): no objective.",
        ),
        (
            "pyrra",
            pyrra(PYRRA_RATIO, window="1M"),
            "“spec.window” is 1M, which has no fixed length: write days, as in 30d.",
        ),
        (
            "pyrra",
            pyrra(PYRRA_RATIO, window="90m"),
            "“spec.window” is 90m: windows are whole hours, 1h to 366d.",
        ),
        (
            "pyrra",
            pyrra(PYRRA_RATIO, window="soon"),
            "“spec.window” is “soon”, which is no duration",
        ),
        ("pyrra", pyrra(PYRRA_RATIO, target="100"), "“spec.target” is 100, not between 0 and 100."),
        (
            "pyrra",
            pyrra("latency: {success: {metric: s}}"),
            "“spec.indicator.latency.total.metric” is missing.",
        ),
        (
            "pyrra",
            pyrra("latencyNative: {latency: fast, total: {metric: t}}"),
            "“latencyNative.latency” is fast, no duration",
        ),
        (
            "pyrra",
            pyrra("ratio: {errors: {metric: 'sum(e)'}, total: {metric: a}}"),
            "“sum(e)” is no selector of series.",
        ),
        ("pyrra", pyrra("burnrate: {metric: e}"), "“spec.indicator” is burnrate; read are ratio"),
        (
            "openslo",
            openslo(ratio("sum:hits{ok}", "sum:hits{*}", kind="Datadog")),
            "answers: “good” is a query of Datadog, not of Prometheus.",
        ),
        (
            "openslo",
            openslo(
                "indicator: {spec: {thresholdMetric: {metricSource: "
                "{metricSourceRef: dwh, spec: {query: SELECT 1 FROM t}}}}}",
                "op: lt, value: 1, target: 0.9",
            ),
            "“thresholdMetric” names no type of its source, and its query is not PromQL.",
        ),
        (
            "openslo",
            openslo(RATIO, window="duration: 1m, isRolling: false"),
            "write days, as in 1w or 1M (1m is a minute, 1M a month).",
        ),
        (
            "openslo",
            openslo(RATIO, window="duration: 1w, isRolling: false"),
            "“timeWindow” is 1w by the calendar, without “calendar.startTime”.",
        ),
        (
            "openslo",
            openslo(RATIO, window="duration: 1M, isRolling: true"),
            "“timeWindow” is 1M, which has no fixed length",
        ),
        (
            "openslo",
            openslo(RATIO, "target: 99.5"),
            "its target is 99.5: “target” is between 0 and 1",
        ),
        (
            "openslo",
            openslo(RATIO, method="Timeslices"),
            "“timeSliceTarget” is missing, not between 0 and 1.",
        ),
        ("openslo", openslo(RATIO, method="Minutes"), "“budgetingMethod” Minutes is not known."),
        (
            "openslo",
            openslo("indicator: {spec: {thresholdMetric: " + metric("lag") + "}}"),
            "“op” is missing: a threshold metric needs",
        ),
        (
            "openslo",
            openslo("indicator: {spec: {ratioMetric: {raw: " + metric("r") + "}}}"),
            "“ratioMetric.rawType” is neither success nor failure.",
        ),
        (
            "openslo",
            openslo(ratio("a - b", "c")),
            "“good” has no range: write rate(…[5m]) around its counter.",
        ),
        (
            "openslo",
            openslo("indicatorRef: elsewhere"),
            "its indicator “elsewhere” is not in this file.",
        ),
        (
            "openslo",
            openslo(RATIO, version="openslo/v3"),
            "its “apiVersion” is openslo/v3; read are openslo/v1alpha",
        ),
        (
            "openslo",
            "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: main}",
            "It is DataSource main (openslo/v1): no objective.",
        ),
        (
            "openslo",
            "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: spare}",
            "It is SLI spare: no SLO in this file refers to it.",
        ),
        (
            "openslo",
            '{"incidents": []}',
            "It has neither “apiVersion” and “kind” nor “version: prometheus/v1”.",
        ),
    ],
)
def test_what_cannot_be_taken_says_which_field_and_why(
    kind: str, content: str, reason: str
) -> None:
    [found] = read(kind, content)
    assert isinstance(found, str)
    assert reason in found
    assert found.startswith("document 1")
    assert "\n" not in found


@pytest.mark.parametrize("kind", ["sloth", "pyrra", "openslo"])
def test_an_empty_object_is_refused_in_one_sentence(kind: str) -> None:
    [found] = read(kind, (CASES / "empty.json").read_text())
    assert isinstance(found, str)
    assert found.count(".") - found.count(".window") <= 1
    with pytest.raises(BadFile, match="holds no document"):
        read(kind, "# nothing here yet\n---\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('metadata:\n  labels:\n    {{- include "shop.labels" . | nindent 4 }}\n', "Helm"),
        ("{{- if .Values.slos }}\nkind: SLO\n{{- end }}\n", "Helm"),
        ("version: prometheus/v1\nslos: [a[{{.window}}]\n", "This is not YAML: line"),
    ],
)
def test_a_file_that_is_no_yaml_says_what_it_is(content: str, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read("sloth", content)


def test_one_broken_document_leaves_the_others_readable() -> None:
    documents = (pyrra(PYRRA_RATIO), "\nkind: [oops\n", "\n- 1\n", pyrra(PYRRA_RATIO, "7d"))
    first, broken, listed, third = read("pyrra", "# objectives\n---" + "---".join(documents))
    assert isinstance(first, ImportedObjective)
    assert isinstance(third, ImportedObjective)
    assert third.place == "document 4"
    assert str(broken).startswith("document 2: It is not YAML: line ")
    assert listed == "document 3, entry 1: It is not an object."
