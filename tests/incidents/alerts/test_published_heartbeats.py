"""Alerts that published rule sets let fire on purpose, as Alertmanager and Grafana send them.

Names, labels and severities were looked up on 2026-11-28, each where its comment says.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from incidents.alerts.heartbeats import check_heartbeats
from incidents.intake import processing
from incidents.models import Alert, Delivery, HeartbeatRule, Incident, TierPolicy
from tests.incidents.alerts.test_heartbeats import pass_minutes
from tests.incidents.signed_requests import make, request_for

pytestmark = pytest.mark.django_db
HEARTBEATS: list[tuple[str, dict[str, str]]] = [
    # kube-prometheus, general rules
    ("alertmanager", {"alertname": "Watchdog", "severity": "none"}),
    # OpenShift's monitoring
    ("alertmanager", {"alertname": "Watchdog", "namespace": "openshift-monitoring",
                      "openshift_io_alert_source": "platform", "severity": "none"}),
    # VictoriaMetrics, a rule for its own Alertmanager receiver
    ("alertmanager", {"alertname": "Watchdog", "severity": "deadman"}),
    # Prometheus operator before kube-prometheus
    ("alertmanager", {"alertname": "DeadMansSwitch", "severity": "none"}),
    # rules of validators, with a cluster
    ("alertmanager", {"alertname": "DeadMansSwitch", "cluster": "prod", "group": "ops",
                      "severity": "none"}),
    # karma's health check of Alertmanager
    ("alertmanager", {"alertname": "DeadMansSwitch", "priority": "5"}),
    # a rule that pages by mistake
    ("alertmanager", {"alertname": "DeadMansSwitch", "alert_type": "watchdog",
                      "severity": "critical"}),
    # a rule set of Loki and Prometheus
    ("alertmanager", {"alertname": "DeadManSwitch", "severity": "warning", "team": "devops"}),
    # Awesome Prometheus alerts
    ("alertmanager", {"alertname": "PrometheusAlertmanagerE2eDeadManSwitch",
                      "severity": "critical"}),
    # a guide for Dead Man's Snitch
    ("alertmanager", {"alertname": "AlwaysFiring", "severity": "none"}),
    # the same rules as Grafana's own
    ("grafana", {"alertname": "Watchdog", "grafana_folder": "Meta", "severity": "none"}),
    ("grafana", {"alertname": "Dead man's switch", "grafana_folder": "Meta"}),
]  # fmt: skip
ALARMS = [
    # Their names only sound so: something is missing or broken.
    {"alertname": "DeadManSwitchMissing", "severity": "critical"},
    {"alertname": "DeadmanswitchRelayUnreachable", "severity": "warning"},
    {"alertname": "AlwaysFiringTest", "severity": "warning"},
    {"alertname": "AlertmanagerFailedToSendAlerts", "severity": "warning"},
]


def send(client: Client, kind: str, labels: dict[str, str]) -> str:
    """Deliver one firing alert to the address of a new sender; the outcome."""
    integration, secret = make(kind, name="prod")
    alert: dict[str, Any] = {
        "status": "firing", "labels": labels, "fingerprint": "c1a0",
        "annotations": {"summary": "It fires all the time, to show that alerts arrive."},
        "startsAt": timezone.now().isoformat(),
    }  # fmt: skip
    body = json.dumps({"version": "4", "groupKey": "{}", "status": "firing", "alerts": [alert]})
    path, content, headers = request_for(kind, integration.slug, secret, body.encode())
    answer = client.post(path, content, "application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    processing.process_waiting()
    return Delivery.objects.get().outcome


@pytest.mark.parametrize(("kind", "labels"), HEARTBEATS)
def test_it_opens_nothing_while_it_comes_and_an_incident_when_it_stays_away(
    client: Client, kind: str, labels: dict[str, str]
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    check_heartbeats()
    assert "a heartbeat; it opens nothing while it comes" in send(client, kind, labels)
    assert not Incident.objects.exists()
    pass_minutes(14 * 60)
    check_heartbeats()
    [incident] = Incident.objects.all()
    assert f"No heartbeat “{labels['alertname']}” from prod" in incident.title


@pytest.mark.parametrize("labels", ALARMS, ids=lambda labels: labels["alertname"])
def test_an_alarm_about_a_heartbeat_is_none(client: Client, labels: dict[str, str]) -> None:
    assert "heartbeat" not in send(client, "alertmanager", labels)
    assert Alert.objects.get().status == "firing"


@pytest.mark.parametrize("name", ["heartbeat", "SnitchHeartBeat"])
def test_other_names_are_heartbeats_by_a_rule_of_ones_own(client: Client, name: str) -> None:
    # Grafana OnCall's documentation; GitLab's runbooks.
    HeartbeatRule.objects.create(pattern="*heartbeat", interval=5)
    assert "a heartbeat" in send(client, "alertmanager", {"alertname": name, "severity": "none"})
    assert not Alert.objects.exists()
