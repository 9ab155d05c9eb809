"""What monitors send opens an incident with the right name, service and severity, and ends it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from incidents.intake import processing
from incidents.models import Alert, Delivery, Incident, Service
from tests.incidents.signed_requests import make, request_for, sample

Change = dict[str, Any]
"""Values by dotted path that make the recovery out of a sample."""

SAMPLES: list[tuple[str, str, str, str, Change]] = [
    ("newrelic", "Error rate of checkout", "checkout", "SEV1",
     {"state": "CLOSED", "trigger": "INCIDENT_CLOSED", "closedAt": 1777866420000}),
    ("azure_monitor", "Server errors of checkout", "checkout", "SEV2",
     {"data.essentials.monitorCondition": "Resolved",
      "data.essentials.resolvedDateTime": "2026-05-04T03:07:12.1Z"}),
    ("google_cloud", "Server errors of checkout", "checkout", "SEV1",
     {"incident.state": "closed", "incident.ended_at": 1777866420}),
    ("uptime_kuma", "Checkout page", "checkout", "SEV1",
     {"heartbeat.status": 1, "heartbeat.msg": "200 - OK"}),
    ("checkmk", "Filesystem /var/lib/postgresql on orders-db", "orders-db", "SEV1",
     {"NOTIFY_NOTIFICATIONTYPE": "RECOVERY", "NOTIFY_SERVICESTATE": "OK"}),
    ("icinga2", "postgres-replication on orders-db", "orders-db", "SEV1",
     {"NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"}),
    ("nagios", "PGSQL connections on orders-db", "orders-db", "SEV1",
     {"NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"}),
    ("elastic", "Latency of checkout", "checkout", "SEV1",
     {"alert.actionGroup": "recovered", "alert.actionGroupName": "Recovered",
      "context.reason": ""}),
    ("graylog", "Payments are refused", "checkout", "SEV2", {}),
    ("dynatrace", "Failure rate increase", "checkout", "SEV2", {"State": "RESOLVED"}),
    ("better_stack", "shop.example/checkout", "checkout", "SEV1",
     {"data.attributes.status": "Resolved",
      "data.attributes.resolved_at": "2026-05-04T03:07:00.000Z"}),
    ("opensearch", "Errors in the log of checkout", "checkout", "SEV2", {}),
    ("splunk", "Payment failures", "checkout", "SEV2", {"result.alert_state": "resolved"}),
    ("honeycomb", "Checkout errors", "checkout", "SEV3",
     {"status": "OK", "result_groups_triggered": []}),
    ("netdata", "disk_space_usage on orders-db", "orders-db", "SEV1",
     {"status": "CLEAR", "old_status": "CRITICAL"}),
    ("splunk_oncall", "orders-db refuses connections", "orders-db", "SEV1",
     {"STATE.CURRENT_ALERT_PHASE": "RESOLVED", "STATE.RESOLVED_AT": 1777864080000}),
    ("grafana_oncall", "checkout answers slowly", "checkout", "SEV1",
     {"event.type": "resolve", "event.time": "2026-05-04T03:07:00.1+00:00"}),
    ("goalert", "invoices queue grows", "invoices", "SEV1",
     {"Type": "AlertStatus", "LogEntry": "Closed by Ada Example (Web)"}),
    ("gatus", "checkout-page", "checkout", "SEV3", {"state": "RESOLVED", "errors": ""}),
    ("healthchecks", "Nightly export of invoices", "invoices", "SEV3",
     {"status": "up", "now": "2026-05-04T03:07:00+00:00"}),
    ("kubernetes_events", "BackOff of checkout", "checkout", "SEV3", {}),
]  # fmt: skip


def changed(data: Any, changes: Change) -> Any:
    """A copy of `data` with other values at dotted paths; missing objects are made."""
    copied = json.loads(json.dumps(data))
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = copied
        for part in parents:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return copied


def send(client: Client, kind: str, integration: Any, secret: str, body: bytes) -> str:
    path, body, headers = request_for(kind, integration.slug, secret, body)
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, (kind, answer.content)
    processing.process_waiting()
    delivery = Delivery.objects.order_by("pk").last()
    assert delivery is not None
    assert delivery.state == "done", (kind, delivery.outcome)
    return delivery.outcome


@pytest.mark.django_db
def test_a_sample_opens_an_incident_and_its_recovery_ends_the_alert(client: Client) -> None:
    for name in ("orders-db", "checkout", "invoices"):
        Service.objects.create(name=name)
    for kind, name, service, severity, recovery in SAMPLES:
        # Each alone, as if it were the first that ever arrived: all are about the same services.
        before = transaction.savepoint()
        integration, secret = make(kind)
        send(client, kind, integration, secret, sample(kind))
        alert, incident = Alert.objects.get(), Incident.objects.get()
        assert alert.name == name
        assert str(alert.service) == service, kind
        assert name in incident.title, kind
        assert incident.severity == severity, kind
        assert alert.summary in incident.symptom.replace("\\", ""), kind
        if recovery:
            body = json.dumps(changed(json.loads(sample(kind)), recovery)).encode()
            assert "ended" in send(client, kind, integration, secret, body), kind
            alert.refresh_from_db()
            assert alert.ends_at, kind
        transaction.savepoint_rollback(before)
