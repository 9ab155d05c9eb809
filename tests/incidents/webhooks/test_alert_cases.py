"""Alerts as real senders make them, through the served address to the incident that people see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents import filing
from incidents.alerts.new_service import offered_services
from incidents.intake import processing
from incidents.models import Alert, Delivery, Incident, Service
from tests.incidents.signed_requests import make, request_for
from tests.incidents.webhooks.alert_bodies import alertmanager

pytestmark = pytest.mark.django_db
CASES = Path(__file__).resolve().parents[2] / "cases"

Post = Callable[..., list[Delivery]]


@pytest.fixture
def post(client: Client) -> Post:
    """Sends bodies of a kind to its address, one after another, and processes them."""
    integrations: dict[str, Any] = {}

    def send(kind: str, *bodies: Any) -> list[Delivery]:
        if kind not in integrations:
            integrations[kind] = make(kind)
        integration, secret = integrations[kind]
        first = Delivery.objects.count()
        for number, body in enumerate(bodies):
            path, raw, headers = request_for(
                kind, integration.slug, secret, json.dumps(body).encode()
            )
            headers["X-Amz-Sns-Message-Id"] = f"{first} {number}"
            answer = client.post(path, raw, content_type="application/json", headers=headers)
            assert answer.status_code == 202, answer.content
            processing.process_waiting()
        return list(Delivery.objects.order_by("pk")[first:])

    return send


def case(name: str) -> list[Any]:
    """The bodies of a case; a list is sent one after another."""
    found = json.loads((CASES / f"{name}.json").read_text())
    return found if isinstance(found, list) else [found]


def add(*names: str) -> None:
    for name in names:
        Service.objects.create(name=name)


def test_severities_of_all_products_are_read_and_an_unknown_one_is_said(post: Post) -> None:
    right = {
        "SEV1": "sev1 SEV-1 P0 S1 urgent highest critical emergency P1 page fatal",
        "SEV2": "sev2 P2 high major error",
        "SEV3": "warning medium P3 minor",
        "SEV4": "info low P4 P5 lowest none",
    }
    expected = {word: severity for severity, words in right.items() for word in words.split()}
    expected |= {"Sev 1": "SEV1", "1 - Critical": "SEV1", "High (P2)": "SEV2"}
    bodies = case("am-severity-words")
    sent = {body["alerts"][0]["labels"]["severity"] for body in bodies}
    for word in expected.keys() - sent:
        body = json.loads(json.dumps(bodies[0]).replace("X0", f"R{word}"))
        body["alerts"][0]["labels"] |= {"severity": word, "service": f"s {word}"}
        body["alerts"][0]["fingerprint"] = f"f {word}"
        bodies.append(body)
    for number, body in enumerate(bodies):
        word = body["alerts"][0]["labels"]["severity"]
        Incident.objects.update(status="resolved", resolved_at="2026-11-26T08:00Z")
        Incident.objects.update(created_at="2026-11-01T08:00Z")
        [delivery] = post("alertmanager", body)
        incident = Incident.objects.latest("pk")
        assert incident.alerts.get().severity == word, number
        if word in expected:
            assert (word, incident.severity) == (word, expected[word])
            assert "unknown" not in delivery.outcome
    [delivery] = post("alertmanager", alertmanager({"severity": "purple"}, fingerprint="p"))
    assert "severity “purple” is unknown: read as SEV3" in delivery.outcome


def test_an_unknown_service_is_offered_and_never_bent_to_a_known_one(post: Post) -> None:
    add("orders", "web")
    for name, offered in (
        ("am-five-letter-suffix", "orders-cache"),
        ("am-word-beats-label", "billing"),
    ):
        post("alertmanager", *case(name))
        incident = Incident.objects.latest("pk")
        assert not incident.services.exists(), name
        assert [offer.name for offer in offered_services(incident)] == [offered]


def test_the_severity_follows_the_worst_alert_that_fires_until_a_person_chooses(
    post: Post, user: User
) -> None:
    add("checkout")
    warning, critical = case("am-warning-then-critical")
    post("alertmanager", warning)
    incident = Incident.objects.get()
    assert (incident.title, incident.severity) == ("checkout: Burn", "SEV3")
    post("alertmanager", critical)
    incident.refresh_from_db()
    assert incident.severity == "SEV1"
    assert incident.timeline.get(kind="severity").text == "SEV3 → SEV1. Burn fires."
    ended = json.loads(json.dumps(critical).replace('"firing"', '"resolved"'))
    post("alertmanager", ended)
    incident.refresh_from_db()
    assert incident.severity == "SEV3"
    assert "the worst that still fires" in incident.timeline.filter(kind="severity").last().text  # type: ignore[union-attr]
    worse = json.loads(json.dumps(warning).replace('"warning"', '"high"'))
    post("alertmanager", worse)
    incident.refresh_from_db()
    assert incident.severity == "SEV2"
    filing.set_severity(incident, "SEV4", user)
    post("alertmanager", json.loads(json.dumps(worse).replace('"high"', '"critical"')))
    incident.refresh_from_db()
    assert incident.severity == "SEV4"


def test_description_and_links_are_in_the_symptom_the_page_and_the_api(
    post: Post, web: Client
) -> None:
    body = case("am-description-runbook-lost")[0]
    body["alerts"][0]["annotations"]["impact"] = "*all* <script>alert(1)</script> [x](http://y)"
    post("alertmanager", body)
    incident = Incident.objects.get()
    for part in ("Pod is crash looping", "CrashLoopBackOff, 14 restarts", "impact: \\*all\\*"):
        assert part in incident.symptom
    page = web.get(incident.get_absolute_url()).content.decode()
    for address in ("https://runbooks.example/crash", "https://g.example/d/1"):
        assert f"](<{address}>)" in incident.symptom
        assert page.count(f'href="{address}"') == 2
    assert "<script>alert" not in page
    assert "<em>all</em>" not in page
    assert 'href="http://y"' not in page
    [row] = web.get("/api/v1/alerts/").json()["results"]
    assert row["links"] == [
        ["runbook", "https://runbooks.example/crash"], ["dashboard", "https://g.example/d/1"],
    ]  # fmt: skip
    assert "CrashLoopBackOff" in row["description"]
    assert row["acknowledged_at"] is None


def test_many_labels_no_fingerprint_and_left_out_alerts(post: Post) -> None:
    add("search")
    post("alertmanager", *case("am-80-labels"))
    incident = Incident.objects.latest("pk")
    assert (incident.title, incident.severity) == ("search: LatencyTooHigh", "SEV1")
    assert [service.name for service in incident.services.all()] == ["search"]
    post("alertmanager", *case("am-no-fingerprint"), *case("am-no-fingerprint"))
    incident = Incident.objects.latest("pk")
    assert (incident.title, incident.severity) == ("QueueDead", "SEV1")
    assert Alert.objects.filter(name="QueueDead").count() == 1
    post("alertmanager", *case("am-truncated"), *case("am-truncated"))
    incident = Incident.objects.latest("pk")
    assert incident.title == "NodeDown"
    [entry] = incident.timeline.filter(text__contains="left out")
    assert "4,120 more alerts" in entry.text


def test_two_rules_without_data_are_two_incidents_named_after_them(post: Post) -> None:
    post("grafana", *case("grafana-two-nodata-rules"))
    incidents = Incident.objects.order_by("pk")
    assert [incident.title for incident in incidents] == [
        "Checkout success rate", "Invoices PDF queue",
    ]  # fmt: skip
    assert all("The rule has no data." in incident.symptom for incident in incidents)


def test_a_problem_of_zabbix_and_an_alarm_on_an_expression_are_read_whole(post: Post) -> None:
    add("search", "orders-db")
    post("zabbix", *case("zabbix-title-and-tags"))
    incident = Incident.objects.latest("pk")
    assert (incident.title, incident.severity) == ("search: Too many processes", "SEV1")
    alert = incident.alerts.get()
    assert alert.labels == {"host": "vm-0815", "service": "search"}
    assert f"{alert.starts_at:%Y-%m-%d %H:%M:%S}" == "2026-11-26 06:40:11"
    post("sns", *case("sns-metric-math"))
    incident = Incident.objects.latest("pk")
    assert incident.title == "orders-db: db connections ratio"
    assert [service.name for service in incident.services.all()] == ["orders-db"]
    assert "Connections of the replica" in incident.symptom
    assert "Threshold Crossed" in incident.symptom


def test_an_empty_body_fails_with_one_clear_sentence(post: Post) -> None:
    for kind in ("alertmanager", "grafana", "zabbix", "sns", "datadog", "opsgenie", "pagerduty"):
        [delivery] = post(kind, *case("empty"))
        assert delivery.state == "failed", kind
        assert delivery.outcome.startswith("“")
        assert delivery.outcome.count(".") <= 2
    assert not Incident.objects.exists()
