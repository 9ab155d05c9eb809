"""Words that every alert of a sender shares make no two incidents similar."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.suggestions.documents import machine_text
from analysis.suggestions.engine import suggest_for_incident
from incidents.intake import processing
from incidents.models import Incident
from tests.incidents.signed_requests import make, request_for

RDS, QUEUE = ("AWS/RDS", "CPUUtilization"), ("AWS/SQS", "ApproximateAgeOfOldestMessage")
BALANCER, LAMBDA = ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"), ("AWS/Lambda", "Errors")
BALANCER_ID = "app/shop-lb/50dc6c495c0c9188"
ALARMS = [
    ("orders-db-cpu", *RDS, "DBInstanceIdentifier", "orders-db", "97.2", "90.0"),
    ("mail-queue-age", *QUEUE, "QueueName", "mail-out", "1841.0", "900.0"),
    ("shop-lb-5xx", *BALANCER, "LoadBalancer", BALANCER_ID, "64.0", "10.0"),
    ("thumbnailer-errors", *LAMBDA, "FunctionName", "thumbnailer", "12.0", "1.0"),
]


def notification(number: int, alarm: tuple[str, ...], minute: int = 10) -> bytes:
    name, namespace, metric, dimension, value, measured, threshold = alarm
    message = {
        "AlarmName": name,
        "AlarmDescription": None,
        "AWSAccountId": "111122223333",
        "NewStateValue": "ALARM",
        "NewStateReason": f"Threshold Crossed: 1 out of the last 1 datapoints [{measured} "
        f"(26/11/26 06:0{number}:00)] was greater than or equal to the threshold "
        f"({threshold}) (minimum 1 datapoint for OK -> ALARM transition).",
        "StateChangeTime": f"2026-11-26T06:{minute + number}:37.391+0000",
        "Region": "EU (Ireland)",
        "AlarmArn": f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}-{minute}",
        "OldStateValue": "OK",
        "Trigger": {
            "MetricName": metric, "Namespace": namespace, "StatisticType": "Statistic",
            "Statistic": "AVERAGE", "Unit": None, "Period": 60, "EvaluationPeriods": 1,
            "Dimensions": [{"value": value, "name": dimension}],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": float(threshold),
        },
    }  # fmt: skip
    return json.dumps({"Type": "Notification", "Message": json.dumps(message)}).encode()


def likeness(incident: Incident, user: User) -> dict[int, float]:
    found = suggest_for_incident(incident, user, limit=20).incidents
    return {each.incident.pk: each.likeness for each in found}


def post(client: Client, integration: Any, secret: str, body: bytes, message_id: str) -> None:
    path, body, headers = request_for("sns", integration.slug, secret, body)
    headers["X-Amz-Sns-Message-Id"] = message_id
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    processing.process_waiting()


@pytest.mark.django_db
def test_alarms_of_unlike_resources_are_separate_and_not_similar_but_the_same_one_is(
    client: Client, user: User
) -> None:
    integration, secret = make("sns")
    for number, alarm in enumerate(ALARMS):
        post(client, integration, secret, notification(number, alarm), f"first {number}")
    incidents = list(Incident.objects.order_by("pk"))
    assert [incident.title for incident in incidents] == [alarm[0] for alarm in ALARMS]
    assert all("Threshold Crossed" in incident.symptom for incident in incidents)
    pairs = {
        (incident.pk, other): value
        for incident in incidents
        for other, value in likeness(incident, user).items()
    }
    assert max(pairs.values(), default=0) < 0.3, pairs
    Incident.objects.update(status="resolved", resolved_at="2026-11-26T06:40Z")
    post(client, integration, secret, notification(0, ALARMS[0], minute=50), "again")
    again = Incident.objects.latest("pk")
    nearest = likeness(again, user)
    assert max(nearest, key=lambda key: nearest[key]) == incidents[0].pk
    assert nearest[incidents[0].pk] > 0.6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("value 97.2 above 90.0", "value 12 above 4"),
        ("[64.0 (26/11/26 06:05:00)]", "[3.5E-4 (1/2/26 06:05:00)]"),
        ("3 out of the last 5 datapoints", "1 out of the last 1 datapoints"),
        ("[dashboard](<https://g.example/d/1>)", "[dashboard](<https://g.example/d/99>)"),
    ],
)
def test_values_in_machine_text_do_not_count(one: str, other: str) -> None:
    times = {f"06:0{minute}:00": "" for minute in range(10)}
    for each in times:
        one, other = one.replace(each, ""), other.replace(each, "")
    assert machine_text(one).split() == machine_text(other).split()


@pytest.mark.parametrize(
    "text", ["HTTP 503", "exit code 137", "release 8.5.3", "web-1", "10.0.0.7:9100"]
)
def test_codes_and_names_in_machine_text_count(text: str) -> None:
    assert machine_text(text) == text
