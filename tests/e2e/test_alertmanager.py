"""A real Prometheus rule and a real Alertmanager open, update and resolve an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analysis.models import Evidence, Source
from analysis.suggestions.engine import suggest_for_incident
from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service, TierPolicy
from kb.causes.linking import create_cause, link_cause
from tests.e2e.conftest import wait_for
from tests.e2e.monitored import Start, monitored
from tests.incidents.signed_requests import make

__all__ = ["monitored"]

pytestmark = pytest.mark.e2e

RULES = """
groups:
  - name: shop
    rules:
      - alert: PostgresHighCPU
        expr: shop_cpu > 90
        labels: {severity: critical}
        annotations: {summary: "CPU of orders-db above 90 %"}
      - alert: PostgresErrors
        expr: shop_errors > 5
        labels: {severity: warning}
        annotations: {summary: "orders-db refuses connections"}
"""


def test_a_rule_opens_updates_and_resolves_an_incident_with_nobody_at_the_keyboard(
    monitored: Start, working: None, user: Any
) -> None:
    TierPolicy.objects.update_or_create(
        tier="core", defaults={"quiet_after": 0, "on_quiet": "resolve"}
    )
    database = Service.objects.create(name="orders-db", kind="postgresql", tier="core")
    past = file_incident(title="orders-db CPU above 90 %", services=[database], status="resolved",
                         resolved_at=timezone.now() + timedelta(hours=1), quiet=True)  # fmt: skip
    link_cause(past, create_cause(name="Missing index on order_lines"), state="confirmed")
    integration, secret = make("alertmanager")
    address, exporter = monitored(integration.slug, secret, RULES, "orders-db")
    Source.objects.create(
        name="Prometheus", kind="prometheus",
        settings={"url": address, "templates": "any | cpu | % | shop_cpu{$selector}"},
    )  # fmt: skip

    exporter.values["cpu"] = 97.0
    incident: Incident = wait_for(
        lambda: Incident.objects.exclude(pk=past.pk).first(), 30, "Opening"
    )
    assert incident.title == "orders-db: PostgresHighCPU"
    assert "CPU of orders-db above 90 %" in incident.symptom
    assert (incident.severity, list(incident.services.all())) == ("SEV1", [database])
    wait_for(lambda: Evidence.objects.filter(incident=incident).exists(), 30, "Evidence")
    found = suggest_for_incident(incident, user)
    assert found.causes[0].cause.name == "Missing index on order_lines"

    exporter.values["errors"] = 9.0
    wait_for(lambda: incident.alerts.count() == 2, 30, "The second alert")
    joined = Alert.objects.get(name="PostgresErrors").joined_because
    assert joined.startswith("Same group at the sender")
    assert Incident.objects.count() == 2

    exporter.values.update(cpu=20.0, errors=0.0)
    wait_for(lambda: not Incident.objects.get(pk=incident.pk).is_open, 60, "Resolving")
    assert incident.timeline.filter(text="All its alerts have ended.").exists()
