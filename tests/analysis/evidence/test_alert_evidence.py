"""Evidence for an alert that names no known service: by its own expression and its labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.evidence import planning, pulling
from analysis.evidence.joined_services import pull_for_service
from analysis.models import Evidence, EvidenceRequest, Finding, Source
from incidents.alerts.episodes import ingest_alerts
from incidents.alerts.new_service import add_offered_service
from incidents.models import Incident, Service
from incidents.webhooks.alertmanager import alerts_of
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
LABELS = {"job": "shop", "instance": "10.0.0.7:9100"}


def fire(*expressions: str, at: str = "http://prometheus:9090", **labels: str) -> Incident:
    """Alertmanager sends one alert for each expression; the incident they open."""
    integration, _ = make("alertmanager")
    begun = timezone.now() - timedelta(minutes=5)
    rows = [
        {
            "status": "firing",
            "fingerprint": f"f{number}",
            "labels": {"alertname": f"Rule{number}", **(labels or LABELS)},
            "startsAt": begun.isoformat(),
            "generatorURL": f"{at}/graph?g0.expr={quote(expression)}&g0.tab=1",
        }
        for number, expression in enumerate(expressions)
    ]
    events = alerts_of({"groupKey": "g", "alerts": rows})
    ingest_alerts([(integration, timezone.now(), event) for event in events])  # type: ignore[misc]
    return Incident.objects.get()


def prometheus(url: str = "http://127.0.0.1:1", name: str = "p") -> Source:
    return Source.objects.create(name=name, kind="prometheus", settings={"url": url})


def planned(incident: Incident) -> dict[str, str]:
    planning.plan_evidence(incident)
    return dict(incident.evidence_requests.values_list("what", "query"))


def matrix(incident: Incident, jump: float = 97.0) -> Callable[[Any], None]:
    """Prometheus with two instances, of which the first jumps two minutes before impact."""
    begun = incident.impact_started_at.timestamp() - 120

    def answer(self: Any) -> None:
        query = parse_qs(urlsplit(self.path).query)
        start, end = float(query["start"][0]), float(query["end"][0])
        times = [start + 15 * n for n in range(int((end - start) / 15) + 1)]
        series = [
            {
                "metric": {"instance": instance, "job": "shop"},
                "values": [[at, str(high if at >= begun else 20 + at % 2)] for at in times],
            }
            for instance, high in (("10.0.0.8:9100", 20.0), ("10.0.0.7:9100", jump))
        ]
        result = series if query["query"] == ["shop_cpu"] else []
        data = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        self.reply(200, json.dumps(data).encode())

    return answer


def test_the_alerts_own_expression_is_queried_without_its_comparison() -> None:
    prometheus()
    incident = fire("shop_cpu > 90")
    planned(incident)
    own = incident.evidence_requests.get(what="shop_cpu")
    assert (own.query, own.threshold, own.service) == ("shop_cpu", "> 90", None)
    assert own.subject == "instance 10.0.0.7:9100"


def test_the_same_metric_and_standard_graphs_are_selected_by_its_labels() -> None:
    prometheus()
    queries = planned(fire("sum(rate(shop_errors_total[5m])) > 5"))
    selected = 'job="shop",instance="10.0.0.7:9100"'
    assert (
        f"rate(shop_errors_total{{{selected}}}[5m])" in queries["shop_errors_total by its labels"]
    )
    assert {"cpu", "memory", "restarts", "request rate", "error ratio"} <= queries.keys()
    assert f"process_cpu_seconds_total{{{selected}}}" in queries["cpu"]


def test_a_curve_that_has_the_labels_itself_is_not_drawn_twice() -> None:
    prometheus()
    queries = planned(fire("avg by (instance, job) (shop_cpu) > 90", "sum(shop_errors) > 5"))
    assert "shop_cpu by its labels" not in queries
    assert "shop_errors by its labels" in queries


def test_of_a_pod_the_labels_of_the_exporter_select_nothing() -> None:
    prometheus()
    incident = fire(
        "kube_pod_container_status_waiting > 0", job="kube-state-metrics", instance="10.1.1.1:8080",
        namespace="shop", pod="pay-7d9f8b6c5d-x2x4z", container="pay",
    )  # fmt: skip
    cpu = planned(incident)["cpu"]
    assert 'namespace="shop",pod="pay-7d9f8b6c5d-x2x4z",container="pay"' in cpu
    assert "kube-state-metrics" not in cpu


def test_logs_and_kubernetes_events_are_pulled_by_the_labels() -> None:
    for kind in ("loki", "elasticsearch", "kubernetes"):
        Source.objects.create(name=kind, kind=kind, settings={"url": "http://127.0.0.1:1"})
    incident = fire("x > 1", namespace="shop", pod="pay-7d9f8b6c5d-x2x4z")
    planned(incident)
    queries = set(incident.evidence_requests.values_list("source__kind", "query"))
    assert ("loki", '{namespace="shop",pod="pay-7d9f8b6c5d-x2x4z"}') in queries
    assert ("kubernetes", "events pay in shop") in queries
    assert ("kubernetes", "pods pay in shop") in queries
    [text] = [query for kind, query in queries if kind == "elasticsearch"]
    assert 'kubernetes.pod.name:"pay-7d9f8b6c5d-x2x4z"' in text


def test_the_lines_that_an_alert_on_logs_counts_are_pulled() -> None:
    Source.objects.create(name="loki", kind="loki", settings={"url": "http://127.0.0.1:1"})
    prometheus()
    queries = planned(fire('sum(rate({app="shop"} |= "timeout" [5m])) > 10'))
    assert queries["log of the alert"] == '{app="shop"} |= "timeout"'
    assert not [text for text in queries.values() if "sum(rate({" in text]


def test_no_label_can_break_out_of_a_query() -> None:
    for kind in ("prometheus", "loki", "elasticsearch", "kubernetes"):
        Source.objects.create(name=kind, kind=kind, settings={"url": "http://127.0.0.1:1"})
    hostile = 'x"} or {a="b'
    incident = fire("", job=hostile, pod=hostile, namespace="../../api", node=hostile)
    planned(incident)
    for kind, query in incident.evidence_requests.values_list("source__kind", "query"):
        assert 'a="b' not in query
        # There it is part of a path.
        assert kind != "kubernetes" or ".." not in query


def test_the_link_of_the_payload_is_never_fetched(server: Callable[..., str]) -> None:
    fetched: list[str] = []

    def remember(self: Any) -> None:
        fetched.append(self.path)
        self.reply(200, b"{}")

    incident = fire("shop_cpu > 90", at=server(remember))
    prometheus()
    for request_id in planning.plan_evidence(incident):
        pulling.pull(request_id)
    assert fetched == []


def test_of_several_prometheus_the_one_that_sent_the_alert_is_queried() -> None:
    here = prometheus("http://prom-b:9090/", "b")
    prometheus("http://prom-a:9090", "a")
    incident = fire("shop_cpu > 90", at="http://prom-b:9090")
    planned(incident)
    assert {row.source for row in incident.evidence_requests.filter(what="shop_cpu")} == {here}


def test_the_number_of_pulls_is_capped_whatever_the_alerts_name() -> None:
    for number in range(6):
        prometheus(name=f"p{number}")
    incident = fire(*(f"metric_{number} > {number}" for number in range(20)))
    assert 10 < len(planning.plan_evidence(incident)) <= 40


def test_the_page_shows_the_alerts_own_graph_with_threshold_and_onset(
    server: Callable[..., str], web: Client
) -> None:
    incident = fire("shop_cpu > 90")
    prometheus(server(matrix(incident)))
    for request_id in planning.plan_evidence(incident):
        pulling.pull(request_id)
    evidence = Evidence.objects.get(what="shop_cpu")
    [series] = evidence.items()
    assert series["labels"]["instance"] == "10.0.0.7:9100"
    assert "1 other series matched" in evidence.gaps[0]
    [finding] = Finding.objects.all()
    assert (
        "instance 10.0.0.7:9100: shop_cpu rose above its normal range 2 min before" in finding.text
    )
    page = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    assert "The alert fires at &gt; 90" in page
    assert 'class="level"' in page
    assert "mark onset" in page
    detail = web.get(f"/analysis/evidence/{evidence.pk}/").content.decode()
    assert "The alert fires at &gt; 90." in detail


def test_a_series_that_is_too_young_for_a_normal_range_still_has_an_onset(
    server: Callable[..., str],
) -> None:
    incident = fire("shop_cpu > 90")
    begun = incident.impact_started_at.timestamp()
    values = [[begun - 60 + 15 * n, "20" if n < 2 else "97"] for n in range(8)]
    data = {"resultType": "matrix", "result": [{"metric": LABELS, "values": values}]}
    prometheus(server({"/api/v1/query_range": {"status": "success", "data": data}}))
    planning.plan_evidence(incident)
    pulling.pull(incident.evidence_requests.get(what="shop_cpu").pk)
    [finding] = Finding.objects.all()
    assert "crossed the threshold of its alert (> 90)" in finding.text
    assert finding.onset
    assert finding.onset.timestamp() == pytest.approx(begun - 30)
    incident.fingerprint.refresh_from_db()
    assert incident.fingerprint.metrics == {"shop_cpu up": "shop_cpu up"}


def test_adding_the_service_pulls_its_evidence_and_names_it_on_what_was_pulled(
    server: Callable[..., str], user: User
) -> None:
    incident = fire("shop_cpu > 90")
    prometheus(server(matrix(incident)))
    for request_id in planning.plan_evidence(incident):
        pulling.pull(request_id)
    service = add_offered_service(incident, "shop", user)
    new = pull_for_service(incident, service)
    assert Evidence.objects.get(what="shop_cpu").service == service
    queries = EvidenceRequest.objects.filter(pk__in=new).values_list("query", flat=True)
    assert all('job="shop"' in query for query in queries)
    assert pull_for_service(incident, service) == new
    assert Service.objects.get().telemetry_label_values == {"job": "shop"}
