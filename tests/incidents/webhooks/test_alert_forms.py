"""Alerts in the forms that monitors really send: name, text, links, severity, time, state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from incidents.severities import severity_named
from incidents.webhooks.base import Ignored
from tests.incidents.webhooks.alert_bodies import (
    alert,
    alertmanager,
    azure,
    cloudwatch,
    datadog,
    event_bridge,
    events_v2,
    inside,
    opsgenie,
    pagerduty,
    read,
    sentry,
    zabbix,
)

NAMES = [
    ("alertmanager", alertmanager(annotations={"summary": "Much too deep"}), "QueueDeep"),
    ("alertmanager", alertmanager({"alertname": ""}, {"title": "[P1] Deep *queue*"}), "Deep queue"),
    ("alertmanager", alertmanager({"alertname": None}, {"summary": "Too\ndeep"}), "Too deep"),
    ("alertmanager", alertmanager({"alertname": "", "alert_name": "Scheduler"}), "Scheduler"),
    ("grafana", alertmanager({"alertname": "Checkout errors"}), "Checkout errors"),
    (
        "grafana",
        alertmanager({"alertname": "DatasourceError", "rulename": "Payments lag"}),
        "Payments lag",
    ),
    ("grafana", {"ruleName": "Old rule", "state": "alerting", "ruleId": 3}, "Old rule"),
    ("zabbix", zabbix(name="Problem: Too many processes"), "Too many processes"),
    ("sns", cloudwatch({}, AlarmName="db connections ratio"), "db connections ratio"),
    ("sns", event_bridge({}), "pool-exhausted"),
    ("sns", {"Records": [{"Sns": cloudwatch({}, AlarmName="via lambda")}]}, "via lambda"),
    (
        "sns",
        {"Type": "Notification", "Subject": 'ALARM: "nightly copy"', "Message": "It failed."},
        "nightly copy",
    ),
    ("sns", {"Type": "Notification", "Message": "[CRITICAL] Copy failed\nAt 3"}, "Copy failed"),
    ("datadog", datadog(title="[P1] [Triggered on {host:a1}] CPU is high"), "CPU is high"),
    ("datadog", datadog(title="[Warn] *Lag* on {{host.name}} @slack-ops"), "Lag on"),
    ("datadog", {"title": "[Triggered] Lag", "body": "%%%\nToo long\n%%%", "id": "4"}, "Lag"),
    (
        "opsgenie",
        opsgenie(message="[Prometheus]: [FIRING:1] Queue grows"),
        "[Prometheus]: Queue grows",
    ),
    ("pagerduty", pagerduty(title="[FIRING:2] Queue grows (shop prod)"), "Queue grows (shop prod)"),
    ("pagerduty", pagerduty(title="[#4711] SEV-1: Payments fail"), "Payments fail"),
    ("events_v2", events_v2(summary="[FIRING:1] HighLatency (search)"), "HighLatency (search)"),
    ("events_v2", events_v2(**{"class": "cpu"}), "Queue grows"),
    ("sentry", sentry(title="Error: refused\n  at x"), "Error: refused at x"),
    (
        "sentry",
        {
            "action": "critical",
            "data": {
                "metric_alert": {"id": "1", "alert_rule": {}},
                "description_title": "Critical: Many errors",
            },
        },
        "Many errors",
    ),
]


@pytest.mark.parametrize(("kind", "body", "name"), NAMES)
def test_an_alert_is_named_after_its_rule_problem_alarm_or_error(
    kind: str, body: Any, name: str
) -> None:
    assert alert(kind, body).name == name


G = "https://grafana.example/"
TEXTS = [
    (
        "alertmanager",
        alertmanager(annotations={"summary": "Deep", "description": "Very\ndeep", "impact": "All"}),
        ["Deep", "Very\ndeep", "impact: All"],
        [],
    ),
    (
        "alertmanager",
        alertmanager(annotations={"message": "Deep", "runbook_url": f"{G}r", "dashboard": f"{G}d"}),
        ["Deep"],
        [("runbook", f"{G}r"), ("dashboard", f"{G}d")],
    ),
    (
        "alertmanager",
        alertmanager(annotations={"runbook": "javascript:alert(1)", "link": "ftp://x/y"}),
        ["runbook: javascript:alert(1)", "link: ftp://x/y"],
        [],
    ),
    (
        "grafana",
        alertmanager(
            annotations={"summary": "Slow", "__dashboardUid__": "u1"},
            values={"B": 44.2, "C": 1},
            valueString="[ var='B' value=44.2 ]",
            dashboardURL=f"{G}d/1",
            panelURL=f"{G}d/1?viewPanel=2",
            silenceURL=f"{G}silence",
            imageURL="",
        ),
        ["Slow", "B: 44.2", "C: 1", "[ var='B' value=44.2 ]"],
        [
            ("dashboard", f"{G}d/1"),
            ("panel", f"{G}d/1?viewPanel=2"),
            ("silence", f"{G}silence"),
        ],
    ),
    (
        "grafana",
        alertmanager({"alertname": "DatasourceNoData"}, {"summary": "Sells nothing"}),
        ["The rule has no data.", "Sells nothing"],
        [],
    ),
    (
        "grafana",
        alertmanager(annotations={"grafana_state_reason": "Error", "Error": "bad query"}),
        ["could not be evaluated", "bad query"],
        [],
    ),
    (
        "grafana",
        {
            "ruleName": "R", "state": "no_data", "message": "Look at it",
            "evalMatches": [{"metric": "lag", "value": 9}], "imageUrl": f"{G}i.png",
        },
        ["The rule has no data.", "Look at it", "lag = 9"],
        [("image", f"{G}i.png")],
    ),
    (
        "zabbix",
        zabbix(message="Low on /var\nHost: vm-7", opdata="Free: 3 %", description="Grow it"),
        ["Low on /var", "Host: vm-7", "Free: 3 %", "Grow it"],
        [],
    ),
    (
        "sns",
        cloudwatch({}, AlarmDescription="Of the replica\nSee the wiki"),
        ["Of the replica", "See the wiki", "Threshold Crossed"],
        [("alarm", "https://eu-west-1.console.aws.amazon.com/cloudwatch/home"
          "?region=eu-west-1#alarmsV2:alarm/alarm")],
    ),
    (
        "sns",
        cloudwatch(None, AlarmRule="ALARM(a) AND ALARM(b)", AlarmArn=""),
        ["Rule: ALARM(a) AND ALARM(b)"],
        [],
    ),
    (
        "sns",
        cloudwatch({"Metrics": [{"Expression": "m1/2"}, inside(QueueName="q")]}, AlarmArn=""),
        ["Metric: AWS/X M"],
        [],
    ),
    (
        "datadog",
        datadog(message="%%%\np95 above 2 s\nRunbook inside\n%%%", query="avg(x) > 2"),
        ["p95 above 2 s", "Runbook inside", "Query: avg(x) > 2"],
        [],
    ),
    (
        "opsgenie",
        opsgenie(
            description="12 wait\nsince noon", details={"depth": "12", "runbook": f"{G}r"},
            responders=[{"name": "shop-team", "type": "team"}], source="mon",
        ),
        ["12 wait", "since noon", "depth: 12", "Responders: shop-team", "Source: mon"],
        [("runbook", f"{G}r")],
    ),
    (
        "pagerduty",
        pagerduty(
            body={"details": {"depth": 12, "inner": {"a": 1}}},
            escalation_policy={"summary": "Shop"},
        ),
        ["depth: 12", "inner.a: 1", "Urgency: high", "Escalation policy: Shop"],
        [],
    ),
    ("pagerduty", pagerduty(body={"details": "Free text"}), ["Free text"], []),
    (
        "events_v2",
        {
            **events_v2(custom_details={"depth": 12, "runbook": f"{G}r"}),
            "links": [{"href": f"{G}l", "text": "graph"}, {"href": "javascript:1"}],
            "client": "own monitor",
        },
        ["depth: 12", "Source: mon-1", "Sent by: own monitor"],
        [("graph", f"{G}l"), ("runbook", f"{G}r")],
    ),
    ("events_v2", events_v2(custom_details="Plain text"), ["Plain text"], []),
    (
        "sentry",
        sentry(
            culprit="shop.cart in add",
            exception={"values": [{
                "type": "KeyError", "value": "'cart'",
                "stacktrace": {"frames": [{"filename": "cart.py", "lineno": 7, "function": "add"}]},
            }]},
        ),
        ["shop.cart in add", "KeyError: 'cart'", "at cart.py:7 in add", "Rule: New errors"],
        [],
    ),
    (
        "sentry",
        sentry(occurrence={"evidenceDisplay": [{"name": "Failure reason", "value": "timeout"}]}),
        ["Failure reason: timeout"],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "texts", "links"), TEXTS)
def test_all_that_the_sender_writes_is_there_and_links_are_links(
    kind: str, body: Any, texts: list[str], links: list[tuple[str, str]]
) -> None:
    event = alert(kind, body)
    whole = f"{event.summary}\n{event.description}"
    assert [each for each in texts if each not in whole] == []
    assert list(event.links) == links
    assert "__dashboardUid__" not in whole


SEVERITIES = [
    ("alertmanager", alertmanager(annotations={"severity": "critical"}), "SEV1"),
    ("alertmanager", alertmanager({"priority": "P2"}), "SEV2"),
    ("alertmanager", alertmanager({"Severity": "Sev 1"}), "SEV1"),
    ("alertmanager", alertmanager({"severity": "page"}), "SEV1"),
    ("alertmanager", alertmanager({"severity": "purple"}), None),
    ("zabbix", zabbix(severity="Disaster"), "SEV1"),
    ("zabbix", zabbix(severity="Not classified"), "SEV4"),
    ("zabbix", zabbix(severity="Average"), "SEV3"),
    ("zabbix", zabbix(severity="Houston", nseverity="5"), "SEV1"),
    ("zabbix", zabbix(severity="Houston", nseverity="1"), "SEV4"),
    ("sns", cloudwatch({}, AlarmName="[SEV2] deep queue"), "SEV2"),
    ("sns", cloudwatch({}, AlarmDescription="P1: wake somebody"), "SEV1"),
    ("alertmanager", alertmanager({"alert_severity": "high"}), "SEV2"),
    ("alertmanager", alertmanager({"urgency": "low"}), "SEV4"),
    ("datadog", datadog(priority="P2"), "SEV2"),
    ("datadog", datadog(priority="normal", alert_priority="P1"), "SEV1"),
    ("datadog", datadog(priority="normal", alert_priority="$ALERT_PRIORITY", type="error"), "SEV2"),
    ("datadog", datadog(priority="low", title="[P2] [Triggered] x"), "SEV2"),
    ("datadog", datadog(title="[P1] [Triggered] x"), "SEV1"),
    ("datadog", datadog(type="warning"), "SEV3"),
    ("datadog", datadog(priority="", tags="severity:critical"), "SEV1"),
    ("opsgenie", opsgenie(priority="P5"), "SEV4"),
    ("pagerduty", pagerduty(priority={"summary": "P1"}), "SEV1"),
    ("pagerduty", pagerduty(body={"details": {"severity": "warning"}}), "SEV3"),
    ("pagerduty", pagerduty(), None),
    ("events_v2", events_v2(severity="info"), "SEV4"),
    ("sentry", sentry(level="fatal"), "SEV1"),
    ("azure_monitor", azure({}, alertRule="Disk", severity="Sev2"), "SEV3"),
    ("azure_monitor", azure({}, alertRule="Disk", severity="Sev12"), None),
]


@pytest.mark.parametrize(("kind", "body", "severity"), SEVERITIES)
def test_the_severity_is_read_wherever_the_sender_puts_it(
    kind: str, body: Any, severity: str | None
) -> None:
    assert severity_named(alert(kind, body).severity) == severity


@pytest.mark.parametrize(
    ("clock", "zone", "at"),
    [
        ("2026.11.26 06:40:11", "", "2026-11-26T06:40:11+00:00"),
        ("2026.11.26 06:40:11", "Europe/Berlin", "2026-11-26T05:40:11+00:00"),
        ("2026.11.26 06:40", "UTC", "2026-11-26T06:40:00+00:00"),
        ("1795675211", "Asia/Tokyo", "2026-11-26T06:40:11+00:00"),
        ("2026-11-26T06:40:11+02:00", "", "2026-11-26T04:40:11+00:00"),
        ("{EVENT.DATE} {EVENT.TIME}", "", None),
    ],
)
def test_a_clock_of_zabbix_is_read_in_each_form(clock: str, zone: str, at: str | None) -> None:
    event = alert("zabbix", zabbix(clock=clock), time_zone=zone)
    assert (event.starts_at.isoformat() if event.starts_at else None) == at


def test_date_and_time_of_zabbix_may_come_apart_and_an_unset_recovery_is_none() -> None:
    body = zabbix(date="2026.11.26", time="06:40:11", recovery_clock="{EVENT.RECOVERY.DATE}")
    event = alert("zabbix", body)
    assert event.starts_at
    assert (event.firing, event.ends_at, event.starts_at.hour) == (True, None, 6)


@pytest.mark.parametrize(
    ("kind", "body", "firing", "acknowledged"),
    [
        ("zabbix", zabbix(value="0"), False, False),
        ("zabbix", zabbix(value="PROBLEM"), True, False),
        ("zabbix", zabbix(update_status="1", update_action="acknowledged"), True, True),
        ("zabbix", zabbix(update_status="1", update_action="unacknowledged"), True, False),
        ("opsgenie", {**opsgenie(), "action": "Acknowledge"}, True, True),
        ("opsgenie", {**opsgenie(), "action": "UpdatePriority"}, True, False),
        ("pagerduty", pagerduty("incident.acknowledged"), True, True),
        ("events_v2", {**events_v2(), "event_action": "acknowledge"}, True, True),
        ("datadog", datadog(transition="Recovered"), False, False),
        ("datadog", {"title": "[Recovered on {host:a}] CPU", "body": "x"}, False, False),
        ("datadog", datadog(transition="No Data"), True, False),
        ("grafana", {"ruleName": "R", "state": "ok"}, False, False),
        ("sns", {"Type": "Notification", "Subject": "OK: copy", "Message": "m"}, False, False),
        ("alertmanager", alertmanager(status=None, group={"status": "resolved"}), False, False),
    ],
)
def test_an_end_or_an_acknowledgement_is_read_as_such(
    kind: str, body: Any, firing: bool, acknowledged: bool
) -> None:
    event = alert(kind, body)
    assert (event.firing, event.acknowledged) == (firing, acknowledged)


def test_the_same_alert_keeps_its_fingerprint_when_it_ends_under_another_title() -> None:
    for fires, ends in (
        (
            {"Type": "Notification", "Subject": "ALARM: copy", "Message": "m"},
            {"Type": "Notification", "Subject": "OK: copy", "Message": "n"},
        ),
    ):
        assert alert("sns", fires).fingerprint == alert("sns", ends).fingerprint
    one = alertmanager({"a": "1", "b": "2"})
    other = alertmanager({"b": "2", "a": "1"}, status="resolved")
    assert alert("alertmanager", one).fingerprint == alert("alertmanager", other).fingerprint
    assert alert("alertmanager", one) != alert("alertmanager", alertmanager({"a": "2"}))


def test_raw_messages_of_sns_and_other_kinds_of_messages_are_told_from_alarms() -> None:
    alarm = json.loads(cloudwatch({})["Message"])
    assert alert("sns", alarm).name == "alarm"
    for message in ({"detail-type": "ECS Task State Change"}, {"Event Message": "Backup done"}):
        body = {"Type": "Notification", "Message": json.dumps(message)}
        [event] = read("sns", body)
        assert isinstance(event, Ignored)
        assert next(iter(message.values())) in event.why


def test_names_that_matter_survive_the_cap_of_labels() -> None:
    many = {f"a_{number:03}": "x" for number in range(90)}
    event = alert("alertmanager", alertmanager({**many, "service": "search", "pod": "p"}))
    assert len(event.labels) == 60
    assert {"alertname", "service", "pod"} <= set(event.labels)


@pytest.mark.parametrize("count", [None, True, "4120", -3, 2.5, {}])
def test_a_count_of_left_out_alerts_that_is_none_is_ignored(count: Any) -> None:
    assert alert("alertmanager", alertmanager(group={"truncatedAlerts": count})).left_out == 0
