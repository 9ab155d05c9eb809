"""Payloads and subjects as people posted them and as products write them: what each is read as."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.utils import timezone

from common.mail_subjects import read_subject
from common.payloads import BadPayload
from incidents.severities import severity_named
from incidents.webhooks import registry
from incidents.webhooks.base import ChangeEvent, Incoming
from incidents.webhooks.generic import Generic
from tests.incidents.webhooks.alert_bodies import read
from tests.incidents.webhooks.reading import Expected, check_alert, check_quiet


def note(subject: str, message: str) -> dict[str, str]:
    return {"Type": "Notification", "TopicArn": "arn:topic", "Subject": subject, "Message": message}


def stream(**condition: Any) -> dict[str, Any]:
    return {
        "check_result": {
            "triggered": True,
            "triggered_at": "2026-09-10T09:45:54.749Z",
            "result_description": "Stream had 2 messages in the last minute",
            "triggered_condition": {"id": "c-1", "type": "message_count", **condition},
            "matching_messages": [{"message": "ERROR: no connection", "source": "web-3"}],
        },
        "stream": {"id": "s-1", "title": "Errors of the shop", "description": "All errors"},
    }


def grouped(**group: Any) -> dict[str, Any]:
    alert = {"status": "firing", "labels": {"team": "a"}, "annotations": {"summary": "Much used"}}
    return {"status": "firing", "alerts": [alert], **group}


ALERTS: list[tuple[str, Any, Expected]] = [
    ("grafana", grouped(groupLabels={"alertname": "Memory (copy)"}), {"name": "Memory (copy)"}),
    ("alertmanager", grouped(commonLabels={"alertname": "MemoryHigh"}), {"name": "MemoryHigh"}),
    ("alertmanager", grouped(commonLabels={"team": "a"}), {"name": "Much used"}),
    (
        "graylog",
        stream(),
        {
            "name": "Errors of the shop",
            "summary": "Stream had 2 messages in the last minute",
            "said": ["All errors", "ERROR: no connection"],
            "labels": {"host": "web-3"},
            "fingerprint": "s-1/c-1",
        },
    ),
    ("graylog", stream(title="Too many errors"), {"name": "Too many errors"}),
    (
        "google_cloud",
        {
            "incident": {
                "incident_id": "f2e0",
                "resource_name": "webserver-85",
                "state": "open",
                "started_at": 1499368214,
                "policy_name": "Webserver health",
                "condition_name": "CPU usage",
            },
            "version": "1.1",
        },
        {"name": "Webserver health", "said": ["Resource: webserver-85"]},
    ),
    (
        "datadog",
        {"id": "7", "title": "Disk is full", "alert_type": "error", "body": "x"},
        {"name": "Disk is full", "severity": "SEV2"},
    ),
    (
        "datadog",
        {"id": "7", "title": "Disk is full", "alert_type": "success", "body": "x"},
        {"name": "Disk is full", "firing": False},
    ),
    (
        "sns",
        note("Notification from AWS Backup", "A Backup job failed. Resource ARN: a"),
        {"name": "Notification from AWS Backup"},
    ),
    (
        "sns",
        note("Notification from AWS Backup", "A Backup job was completed successfully. ARN: a"),
        {"name": "Notification from AWS Backup", "firing": False},
    ),
]


@pytest.mark.parametrize(("kind", "body", "expected"), ALERTS)
def test_a_posted_payload_is_the_alert_that_it_is(kind: str, body: Any, expected: Expected) -> None:
    check_alert(kind, body, expected)


QUIET = [
    (
        "newrelic",
        {
            "current_state": "open",
            "incident_id": 0,
            "condition_name": "Test condition",
            "targets": [{"product": "TESTING", "name": ""}],
        },
        "a test",
    ),
    ("sns", {"detail-type": "AWS Health Event", "source": "aws.health"}, "aws health event"),
    ("sns", {"detail-type": "GuardDuty Finding", "source": "aws.guardduty"}, "guardduty finding"),
    ("sns", note("DMS", '{"Event Message": "The task has stopped."}'), "has stopped."),
    ("sns", note("Maintenance of db-1 is scheduled", "Tonight"), "about no problem"),
    ("graylog", {"check_result": {"triggered": False}, "stream": {"id": "s"}}, "is not met"),
]


@pytest.mark.parametrize(("kind", "body", "words"), QUIET)
def test_what_is_no_alert_opens_nothing(kind: str, body: Any, words: str) -> None:
    check_quiet(kind, body, words)


SUBJECTS = [
    ("Problem: Zabbix agent is not available (for 3m)", "Resolved in 5m 12s: ", "", ""),
    ("PROBLEM: Service “nginx” is not running", "OK: ", "", ""),
    ("Störung: Server web01 nicht erreichbar", "Behoben: ", "", ""),
    ("[ALERT - No severity] CPU load on VM", "[RESOLVED - No severity] ", "CPU load on VM", ""),
    (
        "db1 is critical - disk space usage - disk_space._",
        "db1 recovered - disk space usage - disk_space._",
        "db1: disk space usage - disk_space._",
        "SEV1",
    ),
    (
        "db1 needs attention - ram in use - system.ram",
        "db1 recovered - ram in use - system.ram",
        "db1: ram in use - system.ram",
        "SEV3",
    ),
    (
        "Fired:Sev0 Azure Monitor Alert cpu on vm1 ( vm ) at 1/2/2026 3:04:05 AM",
        "Resolved:Sev0 Azure Monitor Alert cpu on vm1 ( vm ) at 1/2/2026 3:14:05 AM",
        "cpu on vm1",
        "SEV1",
    ),
    (
        "Fired:Sev2 Azure Monitor Alert cpu on vm1 ( vm ) at 1/2/2026 3:04:05 AM",
        "Resolved:Sev2 Azure Monitor Alert cpu on vm1 ( vm ) at 1/2/2026 3:14:05 AM",
        "cpu on vm1",
        "SEV3",
    ),
]


@pytest.mark.parametrize(("fires", "ends", "name", "severity"), SUBJECTS)
def test_a_subject_names_the_problem_in_the_words_of_its_sender(
    fires: str, ends: str, name: str, severity: str
) -> None:
    if ends.endswith((": ", "] ")):
        # The second subject differs in its front alone.
        rest = fires.partition(ends[-2:])[2]
        name, ends = name or rest, ends + rest
    fired, ended = read_subject(fires), read_subject(ends)
    assert (fired.name, ended.name) == (name, name)
    assert (fired.state, ended.state) == ("firing", "ended")
    assert fired.key == ended.key
    assert fired.message == ended.message
    assert severity_named(fired.severity) == (severity or None)


def test_a_run_of_a_workflow_without_a_name_has_that_of_its_file() -> None:
    body = {
        "action": "completed",
        "repository": {"name": "shop", "full_name": "example/shop", "default_branch": "main"},
        "workflow": {"name": "", "path": ".github/workflows/deploy.yml"},
        "workflow_run": {"id": 3, "name": None, "run_number": 7, "conclusion": "success"},
    }
    plugin = registry()["github"]()
    headers = {"x-github-event": "workflow_run"}
    raw = json.dumps(body).encode()
    (event,) = plugin.read(Incoming(headers, raw, timezone.now()))
    assert isinstance(event, ChangeEvent)
    assert event.title == "shop: .github/workflows/deploy.yml #7"
    assert event.run == ".github/workflows/deploy.yml"


def test_what_a_template_left_unfilled_is_no_service_of_any_json() -> None:
    body = b'{"name": "Errors", "service": "$SERVICE", "severity": "{{ severity }}"}'
    (event,) = Generic().read(Incoming({}, body, timezone.now()))
    assert (event.service, event.severity) == ("", "")  # type: ignore[union-attr]


REFUSED = [
    ("pagerduty", {"messages": [{"event": "incident.trigger"}]}, "Add a webhook subscription"),
    ("generic", {"check_name": "Shop", "current_state": "DOWN"}, "the body has check_name,"),
    ("datadog", {"title": "Disk is full"}, "$ALERT_TRANSITION"),
    ("zabbix", {"title": "Down", "state": "alerting"}, "“value” is neither"),
]


@pytest.mark.parametrize(("kind", "body", "words"), REFUSED)
def test_a_refusal_says_what_this_sender_has_to_change(kind: str, body: Any, words: str) -> None:
    with pytest.raises(BadPayload, match=re.escape(words)):
        read(kind, body)


CURES = re.compile(r"\b(?:Let|Add|Write|Send|Switch|Pass|Publish|Push|use|one of)\b", re.IGNORECASE)


@pytest.mark.parametrize("kind", sorted(registry()))
def test_each_refusal_of_each_sender_names_a_cure(kind: str) -> None:
    """An empty object, no object, and the lists and objects that senders have, all wrong."""
    refusals = []
    for body in (b"", b"{}", b"[]", b'"x"', b'{"alerts": 1}', b'{"alerts": [1]}', b"a=b"):
        for headers in ({}, dict(registry()[kind].sample_headers)):
            lowered = {name.lower(): value for name, value in headers.items()}
            try:
                registry()[kind]().read(Incoming(lowered, body, timezone.now()))
            except BadPayload as error:
                refusals.append(str(error))
    assert refusals
    assert [said for said in refusals if not CURES.search(said)] == []
