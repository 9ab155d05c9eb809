"""Amazon CloudWatch alarms through SNS, directly or by way of EventBridge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from common import json_text
from common.alert_fields import fingerprint_of, tags, web_links
from common.alert_names import alert_name, priority_in
from common.alert_states import State
from common.mail_subjects import read_subject
from common.payload_text import paragraphs
from common.payloads import BadPayload, dig, listed, required_text, text, time_at
from common.placeholders import first_text
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"ALARM": True, "OK": False}
STATE_CHANGE = "CloudWatch Alarm State Change"
ENDED = re.compile(
    r"\W{0,5}(?:ok|resolved|recovered|recovery|closed|cleared|back to normal)\b", re.IGNORECASE
)
MAX_MESSAGE = 100_000
MAX_METRICS = 50
_REGION = re.compile(r"arn:aws[a-z-]{0,20}:cloudwatch:([a-z0-9-]{1,30}):")


class CloudWatchSns(Webhook):
    """SNS cannot send a header with the secret, so it is in the URL.

    Confirming a subscription means opening an address that the payload names. We never do that:
    the delivery shows it, and a person opens it.
    """

    kind = "sns"
    title = "Amazon CloudWatch (SNS)"
    scheme = Token(in_url=True)
    id_header = "x-amz-sns-message-id"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        # A Lambda function that passes a notification on sends it in a record.
        data = dig(data, "Records.0.Sns", data)
        if _is_alarm(data):
            # “Raw message delivery” sends the message without its envelope.
            return [_event(data, incoming)]
        if isinstance(data, Mapping) and "detail-type" in data:
            return [_other(data)]
        kind = required_text(data, "Type")
        if kind == "SubscriptionConfirmation":
            address = text(data, "SubscribeURL", 1000)
            return [Ignored(f"Confirm the subscription: open {address} if you asked for it.")]
        if kind == "UnsubscribeConfirmation":
            return [Ignored("The topic no longer sends here.")]
        written = required_text(data, "Message", MAX_MESSAGE)
        try:
            message = json_text.loads(written)
        except (ValueError, RecursionError):
            return [_of_text(data, written, incoming)]
        if _is_alarm(message):
            return [_event(message, incoming)]
        if isinstance(message, Mapping):
            return [_other(message)]
        return [_of_text(data, written, incoming)]


def _other(message: Any) -> Ignored:
    known = first_text(message, "detail-type", "Event Message", "source") or "no alarm"
    return Ignored(f"The message is of another kind: {known.rstrip('.')}.")


def _is_alarm(data: Any) -> bool:
    own = isinstance(data, Mapping) and ("AlarmName" in data or "NewStateValue" in data)
    return own or dig(data, "detail-type") == STATE_CHANGE


def _event(alarm: Any, incoming: Incoming) -> Event:
    if dig(alarm, "detail-type") == STATE_CHANGE:
        return _of_event_bridge(alarm)
    dimensions = dict(_dimensions(alarm))
    return _alert(
        name=required_text(alarm, "AlarmName", 300),
        arn=text(alarm, "AlarmArn", 200),
        state=required_text(alarm, "NewStateValue"),
        at=time_at(alarm, "StateChangeTime"),
        description=text(alarm, "AlarmDescription", 5000),
        reason=text(alarm, "NewStateReason", 5000),
        rule=text(alarm, "AlarmRule", 2000),
        metric=_metric(dig(alarm, "Trigger"), "Namespace", "MetricName", "MetricStat.Metric"),
        labels={**_about(alarm, "Region", "AWSAccountId"), **dimensions},
    )


def _of_event_bridge(data: Any) -> Event:
    return _alert(
        name=required_text(data, "detail.alarmName", 300),
        arn=text(data, "resources.0", 200),
        state=required_text(data, "detail.state.value"),
        at=time_at(data, "detail.state.timestamp") or time_at(data, "time"),
        description=text(data, "detail.configuration.description", 5000),
        reason=text(data, "detail.state.reason", 5000),
        rule=text(data, "detail.configuration.alarmRule", 2000),
        metric=_metric(dig(data, "detail.configuration"), "namespace", "name", "metricStat.metric"),
        labels={**_about(data, "region", "account"), **dict(_dimensions(data))},
    )


def _alert(
    *,
    name: str,
    arn: str,
    state: str,
    at: datetime | None,
    description: str,
    reason: str,
    rule: str,
    metric: str,
    labels: dict[str, str],
) -> Event:
    if state not in FIRING:
        return Ignored(f"The alarm went to {state}.")
    firing = FIRING[state]
    return AlertEvent(
        fingerprint=arn or name[:200],
        name=alert_name(name),
        firing=firing,
        starts_at=at if firing else None,
        ends_at=None if firing else at,
        summary=description.partition("\n")[0],
        description=paragraphs(
            description.partition("\n")[2],
            reason,
            f"Metric: {metric}" if metric else "",
            f"Rule: {rule}" if rule else "",
        ),
        links=web_links(("alarm", _console(arn, name))),
        severity=priority_in(name) or priority_in(description),
        labels=labels,
    )


def _metric(trigger: Any, namespace: str, name: str, inside: str) -> str:
    """Namespace and name of an alarm's metric, or of those inside its expression."""
    several = listed(trigger, "Metrics") or listed(trigger, "metrics")
    found = [trigger, *(dig(each, inside) for each in several)]
    named = (f"{text(each, namespace, 100)} {text(each, name, 200)}".strip() for each in found)
    return ", ".join(dict.fromkeys(filter(None, named)))[:1000]


def _about(data: Any, *names: str) -> dict[str, str]:
    return {name.lower(): text(data, name, 100) for name in names if text(data, name)}


def _dimensions(data: Any) -> Iterator[tuple[str, str]]:
    """The dimensions of an alarm's metric, or of those inside its expression, by name."""
    places = [
        (dig(data, "Trigger"), "Dimensions", "Metrics", "MetricStat.Metric.Dimensions"),
        (
            dig(data, "detail.configuration"),
            "dimensions",
            "metrics",
            "metricStat.metric.dimensions",
        ),
    ]
    found: dict[str, str] = {}
    for trigger, own, metrics, inside in places:
        several = listed(trigger, metrics)[:MAX_METRICS]
        every = [dig(trigger, own), *(dig(each, inside) for each in several)]
        for dimensions in every:
            for name, value in tags(dimensions).items():
                found.setdefault(name, value)
    yield from list(found.items())[:MAX_METRICS]


def _console(arn: str, name: str) -> str:
    region = _REGION.match(arn)
    if region is None or re.search(r"[^\w.:-]", name):
        return ""
    home = f"https://{region[1]}.console.aws.amazon.com/cloudwatch/home?region={region[1]}"
    return f"{home}#alarmsV2:alarm/{name}"


def _of_text(data: Any, message: str, incoming: Incoming) -> Event:
    """What a script published: the subject names it, and says whether it has ended."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    subject = text(data, "Subject", 200) or (lines[0] if lines else "")
    name = alert_name(subject)
    if not name:
        raise BadPayload("“Message” is empty. Publish what happened in it, or in the subject.")
    said = (
        read_subject(subject).state
        or read_subject(lines[0].partition(". ")[0] if lines else "").state
    )
    if said == State.NO_NEWS:
        return Ignored(f"“{name}” is about no problem: it opens nothing and ends nothing.")
    firing = not (ENDED.match(subject) or said == State.ENDED)
    return AlertEvent(
        fingerprint=fingerprint_of(text(data, "TopicArn"), name.lower()),
        name=name,
        firing=firing,
        ends_at=None if firing else time_at(data, "Timestamp") or incoming.received_at,
        summary=(lines[0] if lines else "")[:500],
        description="\n".join(lines[1:])[:10_000],
        severity=priority_in(subject),
    )
