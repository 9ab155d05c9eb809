"""What a sender's plug-in reads from a body, and what a test expects of it."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from incidents.severities import severity_named
from incidents.webhooks import registry
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming

Expected = dict[str, Any]


def read(kind: str, body: Any) -> list[Event]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return registry()[kind]().read(Incoming({}, raw, timezone.now()))


def only_alert(kind: str, body: Any) -> AlertEvent:
    events = read(kind, body)
    assert len(events) == 1
    assert isinstance(events[0], AlertEvent), events[0]
    return events[0]


def check_alert(kind: str, body: Any, expected: Expected) -> None:
    """The body is one alert with these values; it fires unless `expected` says otherwise."""
    event = only_alert(kind, body)
    assert event.name == expected["name"]
    assert event.firing is expected.get("firing", True)
    assert event.acknowledged is expected.get("acknowledged", False)
    assert event.ends_at is not None or event.firing
    for field in ("service", "summary", "fingerprint", "query"):
        if field in expected:
            assert getattr(event, field) == expected[field]
    if "severity" in expected and event.firing:
        assert severity_named(event.severity) == expected["severity"]
    assert expected.get("labels", {}).items() <= event.labels.items()
    for words in expected.get("said", []):
        assert words in event.description
    addresses = [address for _, address in event.links]
    assert [each for each in expected.get("links", []) if each not in addresses] == []


def check_quiet(kind: str, body: Any, words: str) -> None:
    """The body changes nothing, and the outcome says why in these words."""
    (event,) = read(kind, body)
    assert isinstance(event, Ignored)
    assert words in event.why.lower()
