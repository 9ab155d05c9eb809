"""Fixtures of alerts: a small shop, and a way of receiving one alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from incidents.alerts.episodes import ingest_alerts
from incidents.models import Integration, Service
from incidents.webhooks.base import AlertEvent

Receive = Callable[..., str]


@pytest.fixture
def receive() -> Receive:
    """Receives one alert; `ago` is when it began or ended, in minutes."""
    integration = Integration.objects.create(kind="alertmanager", name="Alertmanager")

    def receive_one(
        name: str, service: str = "", *, firing: bool = True, ago: float = 0, **more: Any
    ) -> str:
        at = timezone.now() - timedelta(minutes=ago)
        times = {"starts_at": at} if firing else {"ends_at": at}
        fingerprint = more.pop("fingerprint", f"{name} {service}")
        event = AlertEvent(
            fingerprint=fingerprint, name=name, firing=firing, service=service,
            **{"severity": "critical", **times, **more},
        )  # fmt: skip
        return ingest_alerts([(integration, timezone.now(), event)])[0]

    return receive_one


@pytest.fixture
def shop() -> dict[str, Service]:
    services = {
        name: Service.objects.create(name=name, tier=tier)
        for name, tier in (
            ("checkout", "core"), ("orders-db", "core"),
            ("mail", "supplementary"), ("blog", "normal"),
        )
    }  # fmt: skip
    services["checkout"].depends_on.add(services["orders-db"])
    return services
