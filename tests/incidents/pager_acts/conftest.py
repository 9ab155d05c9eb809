"""Webhooks of PagerDuty and Opsgenie, as vendors document them: see tests/pager_server.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents import pager_acts
from incidents.intake import processing, receiving
from incidents.models import Delivery, Incident, Integration, Service
from tests.incidents.signed_requests import make

ADA = {"id": "PADA", "summary": "Ada Example", "type": "user_reference"}
BOB = {"id": "PBOB", "summary": "Bob Unknown", "type": "user_reference"}
Act = Callable[..., str]


def clock(ago: float = 0.0) -> datetime:
    return (timezone.now() - timedelta(minutes=ago)).astimezone(UTC)


@pytest.fixture
def ada(django_user_model: Any, monkeypatch: pytest.MonkeyPatch) -> User:
    user: User = django_user_model.objects.create_user("ada", email="ada@example.com")
    known = {"PADA": user}
    monkeypatch.setattr(pager_acts, "PEOPLE", {"test": lambda kind, key: known.get(key)})
    return user


def assert_acknowledged(ago: float) -> Incident:
    """The only incident was acknowledged so many minutes ago, and detected before."""
    incident = Incident.objects.get()
    assert incident.acknowledged_at
    assert abs(incident.acknowledged_at - clock(ago)) < timedelta(seconds=5)
    assert incident.detected_at
    assert incident.detected_at <= incident.acknowledged_at
    return incident


def process(integration: Integration, body: Any) -> str:
    """Store a delivery of a sender and process what waits; returns what became of it."""
    receiving.store(integration, {}, json.dumps(body).encode())
    processing.process_waiting()
    return str(Delivery.objects.latest("pk").outcome)


@pytest.fixture
def pagerduty(database: Service) -> Act:
    integration, _ = make("pagerduty", name="PagerDuty")
    count = iter(range(1, 1000))

    def send(
        what: str,
        data: dict[str, Any] | None = None,
        ago: float = 0,
        agent: Any = None,
        id: str = "",
    ) -> str:
        incident = {"id": "PT4KHLK", "type": "incident", "title": "orders-db is slow",
                    "created_at": clock(20).isoformat(),
                    "service": {"id": "PF9", "summary": "orders-db"}}  # fmt: skip
        event = {"id": id or f"01E{next(count)}", "event_type": f"incident.{what}",
                 "resource_type": "incident", "occurred_at": clock(ago).isoformat(),
                 "agent": agent, "client": None, "data": {**incident, **(data or {})}}  # fmt: skip
        return process(integration, {"event": event})

    return send


@pytest.fixture
def opsgenie(database: Service) -> Act:
    integration, _ = make("opsgenie", name="Opsgenie")
    start = clock(20)

    def send(action: str, ago: float = 0, **alert: Any) -> str:
        at = int(clock(ago).timestamp() * 1_000_000) * 1000
        given = {"alertId": "052652ac", "message": "Queue grows", "entity": "orders-db",
                 "createdAt": int(start.timestamp() * 1000), "updatedAt": at,
                 "username": "ada@example.com", "tinyId": "23", **alert}  # fmt: skip
        return process(integration, {"action": action, "alert": given, "source": {"type": "web"}})

    return send


def texts() -> list[str]:
    return list(Incident.objects.latest("pk").timeline.values_list("text", flat=True))


def note(text: str, key: str = "PN1") -> dict[str, Any]:
    return {"id": key, "content": text, "type": "incident_note", "trimmed": False,
            "incident": {"id": "PT4KHLK", "type": "incident_reference"}}  # fmt: skip
