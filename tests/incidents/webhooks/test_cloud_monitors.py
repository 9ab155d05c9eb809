"""Hosted monitors in other forms: older versions, other templates, tests, what is missing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.incidents.webhooks.alert_bodies import SUBSCRIPTION, azure
from tests.incidents.webhooks.reading import Expected, check_alert, check_quiet


def google(**incident: Any) -> Any:
    return {"version": "1.2", "incident": {"incident_id": "0.abc", "state": "open", **incident}}


ALERTS: list[Any] = [
    pytest.param(
        "newrelic",
        {"id": "3d1f", "issueUrl": "https://one.eu.newrelic.com/launcher/nrai.launcher?pane=1",
         "title": "Memory used % > 90 for at least 2 minutes on 'db-7'", "priority": "HIGH",
         "impactedEntities": ["db-7", "db-8"], "totalIncidents": 2, "state": "CREATED",
         "trigger": "INCIDENT_ADDED", "isCorrelated": True, "createdAt": 1772359200000,
         "updatedAt": 1772359260000, "sources": ["newrelic"], "alertPolicyNames": ["Databases"],
         "alertConditionNames": ["Memory of databases", "Swap of databases"]},
        {"name": "Memory of databases", "severity": "SEV2", "service": "",
         "labels": {"entity": "db-7, db-8"}, "said": ["Databases", "Swap of databases"]},
        id="new-relic-default-template-two-entities-are-no-service",
    ),
    pytest.param(
        "newrelic",
        {"issueId": "3d1f", "title": ["Apdex < 0.7 on 'checkout'"], "priority": "CRITICAL",
         "state": "ACTIVATED", "trigger": "ACKNOWLEDGED", "impactedEntities": ["checkout"],
         "createdAt": 1772359200000},
        {"name": "Apdex < 0.7 on 'checkout'", "service": "checkout", "acknowledged": True},
        id="new-relic-acknowledged-and-no-condition",
    ),
    pytest.param(
        "newrelic",
        {"incident_id": 1804, "current_state": "open", "event_type": "INCIDENT",
         "condition_name": "Disk of invoices", "condition_description": "Clean up /var/export.",
         "policy_name": "Batch jobs", "severity": "WARNING", "timestamp": 1772359200000,
         "details": "Disk used % > 85 for at least 5 minutes on 'invoices-1'",
         "incident_url": "https://alerts.newrelic.com/accounts/1/incidents/1804",
         "runbook_url": "https://wiki.example/disk", "violation_chart_url": "https://gorgon.example/c",
         "targets": [{"id": "1", "name": "invoices-1", "type": "Host", "product": "INFRASTRUCTURE",
                      "link": "https://infra.example", "labels": {"service": "invoices"}}]},
        {"name": "Disk of invoices", "service": "invoices", "severity": "SEV3",
         "labels": {"host": "invoices-1"}, "said": ["Clean up /var/export."],
         "links": ["https://wiki.example/disk", "https://gorgon.example/c"]},
        id="new-relic-older-channel",
    ),
    pytest.param(
        "newrelic",
        {"incident_id": 1804, "current_state": "closed", "condition_name": "Disk of invoices",
         "timestamp": 1772362800000, "severity": "WARNING"},
        {"name": "Disk of invoices", "firing": False},
        id="new-relic-older-channel-closed",
    ),
    pytest.param(
        "azure_monitor",
        azure({"properties": None, "conditionType": "LogQueryCriteria", "condition": {
            "windowSize": "PT10M", "allOf": [{
                "searchQuery": "Heartbeat | where Computer == 'vm-9'", "metricMeasureColumn": None,
                "targetResourceTypes": "['Microsoft.Compute/virtualMachines']",
                "operator": "LowerThan", "threshold": "1", "timeAggregation": "Count",
                "dimensions": [{"name": "Computer", "value": "vm-9"}], "metricValue": 0.0,
                "linkToSearchResultsUI": "https://portal.azure.com#@t/x"}]}},
            alertRule="No heartbeat of a machine", severity="Sev0", signalType="Log",
            monitoringService="Log Alerts V2", description="",
            alertTargetIDs=[f"{SUBSCRIPTION}/resourcegroups/shop/providers/microsoft.compute/"
                            "virtualmachines/vm-9"]),
        {"name": "No heartbeat of a machine", "severity": "SEV1",
         "labels": {"host": "vm-9", "Computer": "vm-9", "resource_group": "shop"},
         "said": ["LowerThan 1"]},
        id="azure-log-alert-of-a-machine",
    ),
    pytest.param(
        "azure_monitor",
        azure({"interval": "PT1M", "expression": "sum(rate(errors_total[5m])) > 5",
               "expressionValue": "7.2", "for": "PT5M",
               "labels": {"alertname": "HighErrors", "namespace": "shop", "service": "checkout"},
               "annotations": {"description": "Errors of checkout.",
                               "runbook_url": "https://wiki.example/errors"},
               "ruleGroup": f"{SUBSCRIPTION}/resourceGroups/mon/prometheusRuleGroups/shop"},
              alertRule="shop-rules/HighErrors", severity="Sev2", monitoringService="Prometheus",
              description="Errors of checkout.",
              alertTargetIDs=[f"{SUBSCRIPTION}/resourcegroups/mon/providers/microsoft.monitor/"
                              "accounts/prom1"]),
        {"name": "HighErrors", "severity": "SEV3", "service": "checkout",
         "query": "sum(rate(errors_total[5m])) > 5", "links": ["https://wiki.example/errors"]},
        id="azure-managed-prometheus",
    ),
    pytest.param(
        "azure_monitor",
        azure({"condition": {"allOf": []}}, {"service": "orders-db"}, severity="Sev3",
              alertRule="DTU of orders", monitorCondition="Resolved",
              resolvedDateTime="2026-03-01T11:00:00Z",
              alertTargetIDs=[f"{SUBSCRIPTION}/resourcegroups/shop/providers/microsoft.sql/servers/"
                              "sql1/databases/orders"]),
        {"name": "DTU of orders", "firing": False, "service": "orders-db",
         "labels": {"db": "orders"}},
        id="azure-resolved-database",
    ),
    pytest.param(
        "azure_monitor",
        azure({"eventSource": "ServiceHealth", "status": "Resolved", "properties": {
            "title": "Machines in West Europe", "trackingId": "ABC1-D2F", "stage": "Resolved",
            "communication": "<p>It was mitigated at 10:40.</p>", "incidentType": "Incident"}},
              alertRule="Azure has an incident", severity="Sev4", signalType="Activity Log",
              monitoringService="ServiceHealth", alertTargetIDs=[SUBSCRIPTION]),
        {"name": "Azure has an incident", "firing": False, "fingerprint": "ABC1-D2F"},
        id="azure-service-health-ends",
    ),
    pytest.param(
        "azure_monitor",
        {"schemaId": "AzureMonitorMetricAlert", "data": {
            "version": "2.0", "properties": {"service": "checkout"}, "status": "Activated",
            "context": {"timestamp": "2026-03-01T10:00:00.97Z", "name": "Slow checkout",
                        "id": f"{SUBSCRIPTION}/resourceGroups/shop/providers/microsoft.insights/"
                              "metricAlerts/Slow checkout",
                        "description": "Mean above 2 s", "severity": "1",
                        "conditionType": "SingleResourceMultipleMetricCriteria",
                        "condition": {"windowSize": "PT5M", "allOf": [{
                            "metricName": "HttpResponseTime", "operator": "GreaterThan",
                            "threshold": "2", "timeAggregation": "Average", "metricValue": 3.4}]},
                        "resourceId": f"{SUBSCRIPTION}/resourceGroups/shop/providers/"
                                      "Microsoft.Web/sites/checkout",
                        "portalLink": "https://portal.azure.com/#resource/x"}}},
        {"name": "Slow checkout", "service": "checkout", "severity": "SEV2",
         "said": ["HttpResponseTime Average GreaterThan 2: 3.4"]},
        id="azure-before-the-common-schema",
    ),
    pytest.param(
        "google_cloud",
        google(policy_name="Shop is up", condition_name="Uptime check of shop.example",
               summary="An uptime check on shop.example is failing.", ended_at=None,
               started_at=1772359200, severity="No severity",
               resource={"type": "uptime_url", "labels": {"host": "shop.example"}},
               metric={"type": "monitoring.googleapis.com/uptime_check/check_passed"}),
        {"name": "Shop is up", "severity": "SEV4", "labels": {"host": "shop.example"},
         "summary": "An uptime check on shop.example is failing."},
        id="google-uptime-check-without-documentation",
    ),
    pytest.param(
        "google_cloud",
        google(policy_name="projects/shop/alertPolicies/12", condition_name="Disk of the database",
               policy_user_labels={"service": "orders-db", "severity": "warning"},
               documentation="Ask the storage team.", state="CLOSED", started_at=0, ended_at=0,
               resource={"type": "cloudsql_database", "labels": {"database_id": "shop:orders"}}),
        {"name": "Disk of the database", "firing": False, "service": "orders-db",
         "severity": "SEV3", "labels": {"db": "orders"}, "said": ["Ask the storage team."]},
        id="google-policy-by-path-and-older-documentation",
    ),
    pytest.param(
        "google_cloud",
        {"message": {"messageId": "1", "data": base64.b64encode(json.dumps(google(
            policy_name="Restarts", severity="Error", resource={"type": "k8s_container", "labels": {
                "cluster_name": "prod", "namespace_name": "shop", "container_name": "checkout",
                "pod_name": "checkout-5d4f8c7b9-x2k8z"}})).encode()).decode()},
         "subscription": "projects/shop/subscriptions/alerts"},
        {"name": "Restarts", "severity": "SEV2",
         "labels": {"pod": "checkout-5d4f8c7b9-x2k8z", "container": "checkout", "cluster": "prod"}},
        id="google-by-pub-sub",
    ),
    pytest.param(
        "dynatrace",
        {"problemId": "-77_1V2", "displayId": "P-7", "title": "Multiple service problems",
         "impactLevel": "SERVICES", "severityLevel": "AVAILABILITY", "status": "CLOSED",
         "affectedEntities": [
             {"entityId": {"id": "SERVICE-1", "type": "SERVICE"}, "name": "checkout"},
             {"entityId": {"id": "SERVICE-2", "type": "SERVICE"}, "name": "mail"}],
         "impactedEntities": [], "rootCauseEntity": {"name": "db-host-3"},
         "entityTags": [{"key": "env", "value": "prod", "context": "CONTEXTLESS"}],
         "startTime": 1772359200000, "endTime": 1772362800000},
        {"name": "Multiple service problems", "firing": False, "severity": "SEV1", "service": "",
         "labels": {"impacted": "checkout, mail", "env": "prod"},
         "said": ["Root cause: db-host-3"]},
        id="dynatrace-problem-as-json-v2",
    ),
    pytest.param(
        "dynatrace",
        {"State": "OPEN", "ProblemID": "P-8", "ProblemTitle": "CPU saturation",
         "ProblemSeverity": "RESOURCE_CONTENTION", "ProblemDetails": "CPU of db-1 is at 99 %",
         "ImpactedEntities": [{"type": "HOST", "name": "db-1", "entity": "HOST-1"}],
         "Tags": "service:orders-db, [AWS]Name:db-1, urgent", "PID": "{PID}"},
        {"name": "CPU saturation", "severity": "SEV4", "service": "orders-db", "fingerprint": "P-8",
         "labels": {"host": "db-1", "Name": "db-1"}, "said": ["CPU of db-1 is at 99 %"]},
        id="dynatrace-other-template-placeholder-not-filled",
    ),
    pytest.param(
        "better_stack",
        {"data": {"id": "7", "type": "incident", "attributes": {
            "name": "Nightly export", "url": None, "http_method": None, "critical_alert": False,
            "cause": "Missed heartbeat", "started_at": "2026-03-01T02:00:00.000Z",
            "acknowledged_at": "2026-03-01T02:10:00.000Z", "status": "Acknowledged",
            "regions": None, "metadata": {}},
            "relationships": {"heartbeat": {"data": {"id": "31", "type": "heartbeat"}}}}},
        {"name": "Nightly export", "acknowledged": True, "summary": "Missed heartbeat",
         "severity": None},
        id="better-stack-heartbeat-acknowledged",
    ),
    pytest.param(
        "splunk",
        {"sid": "rt_1", "search_name": "sudo on servers", "app": "search", "owner": "admin",
         "results_link": "http://splunk.example:8000/app/search/search?q=1",
         "result": {"host": "web-1", "_raw": "session opened for user root", "process": "sudo",
                    "date_hour": "11", "_si": ["a", "main"], "sourcetype": "syslog"}},
        {"name": "sudo on servers", "severity": None, "service": "",
         "labels": {"host": "web-1", "process": "sudo"}, "summary": "session opened for user root"},
        id="splunk-real-time-search-without-severity",
    ),
    pytest.param(
        "splunk", {"sid": "s1", "search_name": "License usage", "app": "search", "owner": "nobody"},
        {"name": "License usage", "summary": "License usage"},
        id="splunk-without-result",
    ),
    pytest.param(
        "honeycomb",
        {"version": "v0.1.0", "id": "b1", "name": "Checkout availability", "status": "TRIGGERED",
         "alert_type": "exhaustion_time", "exhaustion_minutes": 240, "severity": "critical",
         "summary": "Burn alert", "description": "The budget will be exhausted in 4 hours",
         "slo_url": "https://ui.honeycomb.example/slo/1", "sli_url": "https://ui.honeycomb.example/i",
         "result_groups": None, "result_groups_triggered": None, "trigger_url": ""},
        {"name": "Checkout availability", "severity": "SEV1", "said": ["240 minutes"],
         "links": ["https://ui.honeycomb.example/slo/1", "https://ui.honeycomb.example/i"]},
        id="honeycomb-burn-alert",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "expected"), ALERTS)
def test_another_form_is_read_as_the_alert_that_it_is(
    kind: str, body: Any, expected: Expected
) -> None:
    check_alert(kind, body, expected)


QUIET: list[Any] = [
    pytest.param("azure_monitor", azure(
        {}, alertRule="test-metricAlertRule", severity="Sev3",
        alertId="/subscriptions/11111111-1111-1111-1111-111111111111/providers/"
                "Microsoft.AlertsManagement/alerts/12345678"), "test", id="azure-test"),
    pytest.param("google_cloud", {"version": "test", "incident": {
        "incident_id": "12345", "state": "OPEN", "summary": "Test Incident",
        "documentation": "Test documentation", "started_at": 0}}, "test", id="google-test"),
    pytest.param("dynatrace", {"State": "OPEN", "ProblemID": "999", "PID": "99999",
                               "ProblemTitle": "Dynatrace problem notification test run"},
                 "test", id="dynatrace-test"),
    pytest.param("better_stack", {"data": {"id": "1", "type": "monitor", "attributes": {
        "url": "https://shop.example", "status": "paused"}}}, "monitor", id="better-stack-monitor"),
    pytest.param("better_stack", {"data": {"id": "1", "type": "incident", "attributes": {
        "name": "shop", "status": "Validating"}}}, "validating", id="better-stack-validating"),
    pytest.param("honeycomb", {"version": "v0.1.0", "name": "T", "status": "TRIGGERED",
                               "is_test": True}, "test", id="honeycomb-test"),
    pytest.param("newrelic", {"id": "1", "state": "MUTED", "title": "x"}, "muted",
                 id="new-relic-other-state"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "words"), QUIET)
def test_tests_maintenance_and_their_like_open_nothing_and_say_why(
    kind: str, body: Any, words: str
) -> None:
    check_quiet(kind, body, words)
