"""Monitors that teams run themselves in other forms: versions, templates, form fields, tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from incidents.webhooks.base import AlertEvent
from tests.incidents.webhooks.reading import Expected, check_alert, check_quiet, only_alert, read


def kuma(status: int, **monitor: Any) -> Any:
    return {
        "heartbeat": {"monitorID": 4, "status": status, "time": "2026-03-01 10:00:00.001",
                      "msg": "connect ECONNREFUSED 192.0.2.4:443", "important": True},
        "monitor": {"id": 4, "name": "Invoices API", **monitor},
        "msg": "[Invoices API] [🔴 Down] connect ECONNREFUSED 192.0.2.4:443",
    }  # fmt: skip


ALERTS: list[Any] = [
    pytest.param(
        "uptime_kuma",
        kuma(0, type="ping", hostname="invoices-1", url="https://", port=None, tags=[],
             description=None),
        {"name": "Invoices API", "labels": {"host": "invoices-1", "type": "ping"}, "severity": None,
         "summary": "connect ECONNREFUSED 192.0.2.4:443"},
        id="kuma-ping-monitor-rates-nothing",
    ),
    pytest.param("uptime_kuma", kuma(1), {"name": "Invoices API", "firing": False}, id="kuma-up"),
    pytest.param(
        "uptime_kuma",
        {"heartbeat": None, "monitor": None, "msg": "[Invoices API][https://invoices.example] "
         "server certificate invoices.example will expire in 7 days"},
        {"name": "Invoices API: server certificate invoices.example expires", "severity": "SEV3",
         "summary": "server certificate invoices.example will expire in 7 days"},
        id="kuma-certificate",
    ),
    pytest.param(
        "uptime_kuma", {"msg": "[Invoices API] [✅ Up] 200 - OK"},
        {"name": "Invoices API", "firing": False, "summary": "200 - OK"},
        id="kuma-bare-message",
    ),
    pytest.param(
        "nagios",
        urlencode({"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "web-1", "HOSTADDRESS": "192.0.2.1",
                   "HOSTSTATE": "DOWN", "HOSTOUTPUT": "CRITICAL - Host Unreachable (192.0.2.1)",
                   "HOSTNOTESURL": "", "SERVICE": "$", "TIMET": "1772359200"}).encode(),
        {"name": "Host web-1", "severity": "SEV1", "labels": {"host": "web-1"},
         "summary": "CRITICAL - Host Unreachable (192.0.2.1)", "fingerprint": "web-1",
         "service": ""},
        id="nagios-host-as-form-fields",
    ),
    pytest.param(
        "nagios",
        {"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "web-1", "SERVICEDESC": "HTTP",
         "SERVICESTATE": "UNKNOWN", "LASTSERVICESTATE": "UNKNOWN", "SERVICEOUTPUT": "unknown",
         "SERVICENOTES": "$SERVICENOTES$"},
        {"name": "HTTP on web-1", "firing": True, "summary": "HTTP: UNKNOWN",
         "said": ["Last state: UNKNOWN"]},
        id="nagios-unknown-is-a-state-and-no-placeholder",
    ),
    pytest.param(
        "nagios",
        {"NAGIOS_NOTIFICATIONTYPE": "RECOVERY", "NAGIOS_HOSTNAME": "web-1",
         "NAGIOS_SERVICEDESC": "HTTP", "NAGIOS_SERVICESTATE": "OK", "NAGIOS_TIMET": "1772359200",
         "NAGIOS_SERVICEOUTPUT": "HTTP OK: HTTP/1.1 200 OK", "NAGIOS__SERVICETEAM": "web"},
        {"name": "HTTP on web-1", "firing": False, "fingerprint": "web-1/HTTP",
         "labels": {"team": "web"}},
        id="nagios-environment-macros",
    ),
    pytest.param(
        "nagios",
        {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT", "HOSTNAME": "web-1", "SERVICEDESC": "HTTP",
         "SERVICESTATE": "CRITICAL", "SERVICEOUTPUT": "refused", "NOTIFICATIONCOMMENT": "on it"},
        {"name": "HTTP on web-1", "acknowledged": True, "said": ["Comment: on it"]},
        id="nagios-acknowledgement",
    ),
    pytest.param(
        "icinga2",
        urlencode({"notificationtype": "Problem", "hostname": "web-1", "servicedesc": "load",
                   "servicestate": "Warning", "serviceoutput": "LOAD WARNING - 9.1 & \"more\""
                   }).encode(),
        {"name": "load on web-1", "severity": "SEV3", "summary": 'LOAD WARNING - 9.1 & "more"'},
        id="icinga-other-capitals",
    ),
    pytest.param(
        "checkmk",
        {"NOTIFY_WHAT": "HOST", "NOTIFY_NOTIFICATIONTYPE": "PROBLEM", "NOTIFY_HOSTNAME": "sw-core",
         "NOTIFY_HOSTSTATE": "UNREACHABLE", "NOTIFY_HOSTOUTPUT": "No IP packet received",
         "NOTIFY_HOSTLABEL_service": "network", "NOTIFY_HOSTTAG_criticality": "prod"},
        {"name": "Host sw-core", "severity": "SEV1", "service": "network",
         "labels": {"criticality": "prod"}},
        id="checkmk-host-with-labels-and-tags",
    ),
    pytest.param(
        "checkmk",
        {"NOTIFY_WHAT": "SERVICE", "NOTIFY_NOTIFICATIONTYPE": "PROBLEM", "NOTIFY_HOSTNAME": "db-2",
         "NOTIFY_SERVICEDESC": "CPU load", "NOTIFY_SERVICESTATE": "CRIT",
         "NOTIFY_SERVICEOUTPUT": "15 min load: 31.2(!!) at 8 cores"},
        {"name": "CPU load on db-2", "severity": "SEV1", "summary": "15 min load: 31.2 at 8 cores"},
        id="checkmk-short-state-and-marks",
    ),
    pytest.param(
        "elastic",
        {"source": "kibana", "rule_id": "r1", "rule_name": "Free disk", "rule_tags": "infra,shop",
         "alert_id": "host-1", "action_group": "metrics.inventory_threshold.warning",
         "action_group_name": "Warning", "reason": "disk is 91 % on host-1.", "group": "host-1",
         "view_in_app_url": "https://kibana.example/app/metrics"},
        {"name": "Free disk", "severity": "SEV3", "summary": "disk is 91 % on host-1.",
         "labels": {"group": "host-1"}, "links": ["https://kibana.example/app/metrics"]},
        id="kibana-flat-keys-severity-by-action-group",
    ),
    pytest.param(
        "elastic",
        {"ruleId": "r1", "ruleName": "Free disk", "alertId": "host-1",
         "tags": ["service:orders-db"],
         "actionGroup": "recovered", "actionGroupName": "Recovered", "severity": "critical"},
        {"name": "Free disk", "firing": False, "fingerprint": "r1/host-1", "service": "orders-db"},
        id="kibana-camel-case-recovered",
    ),
    pytest.param(
        "elastic",
        {"rule": {"id": "r2", "name": "Free disk", "tags": ""}, "date": "2026-03-01T10:00:00Z",
         "alerts": {"new": {"count": "0"}, "ongoing": {"count": "0"}, "recovered": {"count": "3"}}},
        {"name": "Free disk", "firing": False, "fingerprint": "r2"},
        id="kibana-summary-of-recovered-alerts",
    ),
    pytest.param(
        "elastic",
        {"ctx": {"watch_id": "log_errors", "id": "log_errors_1f-2026-03-01T10:00:00Z",
                 "execution_time": "2026-03-01T10:00:00.000Z", "vars": {},
                 "metadata": {"name": "Errors in the log", "severity": "high",
                              "service": "checkout", "runbook_url": "https://wiki.example/log"},
                 "payload": {"hits": {"total": 57, "hits": []}}}},
        {"name": "Errors in the log", "severity": "SEV2", "service": "checkout",
         "said": ["Hits: 57"], "links": ["https://wiki.example/log"]},
        id="watcher",
    ),
    pytest.param(
        "graylog",
        {"event_definition_id": "d1", "event_definition_type": "aggregation-v1",
         "event_definition_title": "Disk errors", "event_definition_description": "",
         "job_definition_id": "j", "job_trigger_id": "t",
         "event": {"timestamp": "2026-03-01T10:00:00.000Z", "message": "Disk errors",
                   "source": "graylog-1", "key_tuple": [], "key": "", "priority": 1, "alert": True,
                   "fields": {}, "timerange_start": None}, "backlog": []},
        {"name": "Disk errors", "severity": "SEV4", "service": "", "fingerprint": "d1"},
        id="graylog-without-keys-and-fields",
    ),
    pytest.param(
        "opensearch",
        {"monitor_name": "Slow queries", "trigger_name": "p95", "severity": 3,
         "period_end": "2026-03-01T10:00:00Z", "state": "COMPLETED", "message": "p95 is 3 s"},
        {"name": "Slow queries", "firing": False, "severity": "SEV3", "summary": "p95 is 3 s"},
        id="opensearch-flat-keys",
    ),
    pytest.param(
        "netdata",
        {"message": "cpu_usage is critical on web-1", "alert": "cpu_usage",
         "info": "Average CPU utilization", "chart": "system.cpu", "context": "system.cpu",
         "space": "shop", "Rooms": {"prod": "https://app.netdata.cloud/r/1"}, "family": "cpu",
         "class": "Utilization", "severity": "critical", "date": "2026-03-01T10:00:00Z",
         "duration": "5m", "additional_active_critical_alerts": 2,
         "additional_active_warning_alerts": 0, "alert_url": "https://app.netdata.cloud/a/1"},
        {"name": "cpu_usage", "severity": "SEV1", "labels": {"rooms": "prod", "family": "cpu"},
         "summary": "cpu_usage is critical on web-1"},
        id="netdata-cloud-alert",
    ),
    pytest.param(
        "netdata",
        {"message": "Node web-1 was disconnected", "url": "https://app.netdata.cloud/n/1",
         "host": "web-1", "severity": "critical",
         "status": {"reachable": False, "text": "unreachable"}},
        {"name": "Node web-1", "severity": "SEV1", "labels": {"host": "web-1"}},
        id="netdata-cloud-node-is-unreachable",
    ),
    pytest.param(
        "netdata",
        urlencode({"alert": "ram_in_use", "host": "web-1", "chart": "system.ram",
                   "status": "CLEAR", "old_status": "WARNING", "when": "1772359200"}).encode(),
        {"name": "ram_in_use on web-1", "firing": False,
         "fingerprint": "web-1/system.ram/ram_in_use"},
        id="netdata-agent-clears",
    ),
    pytest.param(
        "gatus",
        {"endpoint": "invoices", "state": "RESOLVED", "description": "", "errors": ""},
        {"name": "invoices", "firing": False},
        id="gatus-without-group",
    ),
    pytest.param(
        "healthchecks",
        {"name": "backup", "slug": "backup", "tags": "prod service:orders-db", "desc": "Nightly.",
         "grace": 3600, "n_pings": 41, "status": "down", "last_ping": "2026-03-01T02:00:00+00:00",
         "uuid": "6d2f", "schedule": "0 2 * * *", "tz": "UTC"},
        {"name": "backup", "service": "orders-db", "fingerprint": "6d2f",
         "said": ["Nightly.", "Schedule: 0 2 * * *"]},
        id="healthchecks-whole-check",
    ),
    pytest.param(
        "kubernetes_events",
        {"metadata": {"name": "x", "namespace": "shop", "uid": "u"}, "reason": "FailedScheduling",
         "message": "0/6 nodes are available: 6 Insufficient memory.", "source": {}, "count": 0,
         "firstTimestamp": None, "lastTimestamp": None, "eventTime": "2026-03-01T10:00:00.123456Z",
         "type": "Warning", "reportingComponent": "default-scheduler",
         "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "invoices-0"}},
        {"name": "FailedScheduling of invoices", "severity": "SEV3",
         "labels": {"pod": "invoices-0", "namespace": "shop"}},
        id="kubernetes-event-of-the-newer-api",
    ),
    pytest.param(
        "kubernetes_events",
        {"metadata": {"namespace": "default"}, "reason": "SystemOOM", "type": "Warning",
         "message": "System OOM encountered, victim process: java, pid: 9", "count": 1,
         "firstTimestamp": "2026-03-01T10:00:00Z", "source": {"component": "kubelet", "host": "n4"},
         "involvedObject": {"kind": "Node", "name": "n4", "uid": "n4"}, "clusterName": "prod"},
        {"name": "SystemOOM of n4", "labels": {"node": "n4", "cluster": "prod"}},
        id="kubernetes-event-of-a-node",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "expected"), ALERTS)
def test_another_form_is_read_as_the_alert_that_it_is(
    kind: str, body: Any, expected: Expected
) -> None:
    check_alert(kind, body, expected)


QUIET: list[Any] = [
    pytest.param("uptime_kuma", kuma(2), "pending", id="kuma-pending"),
    pytest.param("uptime_kuma", kuma(3), "maintenance", id="kuma-maintenance"),
    pytest.param("uptime_kuma", {"heartbeat": None, "monitor": None, "msg": "Alerts Testing"},
                 "test", id="kuma-test"),
    pytest.param("nagios", {"NOTIFICATIONTYPE": "DOWNTIMESTART", "HOSTNAME": "web-1",
                            "HOSTSTATE": "DOWN"}, "downtime", id="nagios-downtime"),
    pytest.param("nagios", {"NOTIFICATIONTYPE": "FLAPPINGSTART", "HOSTNAME": "web-1",
                            "SERVICEDESC": "HTTP", "SERVICESTATE": "CRITICAL"}, "flaps",
                 id="nagios-flapping"),
    pytest.param("icinga2", {"NOTIFICATIONTYPE": "DowntimeRemoved", "HOSTNAME": "web-1"},
                 "downtime", id="icinga-downtime-removed"),
    pytest.param("checkmk", {"NOTIFY_NOTIFICATIONTYPE": "CUSTOM", "NOTIFY_HOSTNAME": "web-1",
                             "NOTIFY_HOSTSTATE": "UP"}, "by hand", id="checkmk-custom"),
    pytest.param("graylog", {"event_definition_id": "this-is-a-test-notification",
                             "event_definition_type": "test-dummy-v1",
                             "event_definition_title": "Event Definition Test Title",
                             "event": {"priority": 2, "message": "Notification test message"}},
                 "test", id="graylog-test"),
    pytest.param("netdata", {"alert": "test_alarm", "status": "WARNING", "host": "web-1"}, "test",
                 id="netdata-test"),
    pytest.param("netdata", {"title": "Verify", "message": "Verify", "token": "ab12-cd34"},
                 "enter ab12-cd34", id="netdata-cloud-verifies"),
    pytest.param("netdata", {"alert": "disk", "status": "REMOVED", "host": "web-1"}, "removed",
                 id="netdata-chart-removed"),
    pytest.param("healthchecks", {"name": "TEST", "status": "down",
                                  "code": "00000000-0000-0000-0000-000000000000"}, "test",
                 id="healthchecks-test"),
    pytest.param("healthchecks", {"name": "backup", "code": "1", "status": "paused"}, "paused",
                 id="healthchecks-paused"),
    pytest.param("kubernetes_events", {"type": "Normal", "reason": "Pulled",
                                       "involvedObject": {"kind": "Pod", "name": "a-1"}},
                 "normal", id="kubernetes-normal"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "words"), QUIET)
def test_tests_maintenance_and_their_like_open_nothing_and_say_why(
    kind: str, body: Any, words: str
) -> None:
    check_quiet(kind, body, words)


def test_each_bucket_of_opensearch_begins_and_ends_alone() -> None:
    body = {
        "monitor": {"_id": "m", "name": "Errors by service"},
        "trigger": {"name": "many", "severity": "1"},
        "newAlerts": [{"bucket_keys": "checkout"}, None],
        "dedupedAlerts": [None],
        "completedAlerts": [{"bucket_keys": "mail"}, None],
    }
    events = [each for each in read("opensearch", body) if isinstance(each, AlertEvent)]
    assert [(each.fingerprint, each.firing) for each in events] == [
        ("m/many/checkout", True),
        ("m/many/mail", False),
    ]


def test_a_repeated_notification_does_not_begin_anew() -> None:
    """What repeats with the time of each repetition gives no start; the first one decides."""
    for kind, body in (("uptime_kuma", kuma(0)), ("nagios", {
        "NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "web-1", "HOSTSTATE": "DOWN",
        "TIMET": "1772359200",
    })):  # fmt: skip
        assert only_alert(kind, body).starts_at is None
