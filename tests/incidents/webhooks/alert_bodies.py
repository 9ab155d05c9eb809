"""Bodies of alerts as monitors send them, with only what a test is about."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from incidents.webhooks import registry
from incidents.webhooks.base import AlertEvent, Incoming

SUBSCRIPTION = "/subscriptions/40a1c9d2-0000-4000-8000-0000000000aa"


def read(kind: str, body: Any, **settings: Any) -> list[Any]:
    incoming = Incoming({}, json.dumps(body).encode(), timezone.now(), settings)
    return registry()[kind]().read(incoming)


def alert(kind: str, body: Any, **settings: Any) -> AlertEvent:
    [event] = read(kind, body, **settings)
    assert isinstance(event, AlertEvent), event
    return event


def alertmanager(
    labels: Any = None, annotations: Any = None, group: Any = None, **more: Any
) -> dict[str, Any]:
    row = {
        "status": "firing",
        "labels": {"alertname": "QueueDeep", **(labels or {})},
        "annotations": annotations or {},
        "startsAt": "2026-11-26T07:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        **more,
    }
    return {"version": "4", "groupKey": "g", "alerts": [row], **(group or {})}


def cloudwatch(trigger: Any, **more: Any) -> dict[str, Any]:
    message = {
        "AlarmName": "alarm",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [9.0] was greater than (1.0).",
        "StateChangeTime": "2026-11-26T06:10:37.391+0000",
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:1:alarm:alarm",
        "Trigger": trigger,
        **more,
    }
    return {"Type": "Notification", "Message": json.dumps(message)}


def event_bridge(configuration: Any, **detail: Any) -> dict[str, Any]:
    message = {
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "time": "2026-11-26T06:10:40Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:1:alarm:pool-exhausted"],
        "detail": {
            "alarmName": "pool-exhausted",
            "state": {
                "value": "ALARM",
                "reason": "Threshold Crossed",
                "timestamp": "2026-11-26T06:10:37.391+0000",
            },
            "configuration": configuration,
            **detail,
        },
    }
    return {"Type": "Notification", "Message": json.dumps(message)}


def inside(**dimensions: str) -> dict[str, Any]:
    """A metric query's part, as alarms on expressions have it."""
    pairs = [{"name": name, "value": value} for name, value in dimensions.items()]
    metric = {"MetricName": "M", "Namespace": "AWS/X", "Dimensions": pairs}
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}


def dimensions(**named: str) -> dict[str, Any]:
    return {"Dimensions": [{"name": name, "value": value} for name, value in named.items()]}


def datadog(**fields: Any) -> dict[str, Any]:
    return {"monitor": "7", "transition": "Triggered", "title": "CPU is high", **fields}


def opsgenie(**fields: Any) -> dict[str, Any]:
    alert = {"alertId": "a1", "message": "Queue grows", "createdAt": 1777863660000, **fields}
    return {"action": "Create", "alert": alert}


def pagerduty(event_type: str = "incident.triggered", **data: Any) -> dict[str, Any]:
    incident = {"id": "PX1", "title": "Queue grows", "urgency": "high", **data}
    at = "2026-11-26T06:10:37Z"
    return {"event": {"id": "e1", "event_type": event_type, "occurred_at": at, "data": incident}}


def events_v2(**payload: Any) -> dict[str, Any]:
    given = {"summary": "Queue grows", "source": "mon-1", "severity": "error", **payload}
    return {"event_action": "trigger", "dedup_key": "d1", "payload": given}


def sentry(**event: Any) -> dict[str, Any]:
    given = {"issue_id": "9", "title": "KeyError: 'cart'", "level": "error", **event}
    return {"action": "triggered", "data": {"event": given, "triggered_rule": "New errors"}}


def zabbix(**fields: Any) -> dict[str, Any]:
    return {"event_id": "5", "trigger_id": "8", "value": "1", "name": "Disk is low", **fields}


def azure(context: Any, custom: Any = None, **essentials: Any) -> Any:
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/a1",
                "monitorCondition": "Fired",
                "firedDateTime": "2026-03-01T10:00:00.99645Z",
                **essentials,
            },
            "alertContext": context,
            "customProperties": custom,
        },
    }
