"""Alerts become incidents: episodes, joining with a reason, policies, splitting and merging."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents import filing
from incidents.alerts import auto_close
from incidents.models import Alert, Incident, MaintenanceWindow, Service, TierPolicy
from tests.incidents.conftest import Receive

pytestmark = pytest.mark.django_db


def test_an_alert_opens_an_incident_with_its_service_times_and_severity(
    receive: Receive, shop: dict[str, Service]
) -> None:
    inward = "http://monitor:9090/graph?g0.expr=cpu"
    receive("HighCPU", "orders-db", ago=3, summary="CPU above 90 %", url=inward)
    incident = Incident.objects.get()
    assert incident.title == "orders-db: HighCPU"
    assert incident.symptom.startswith("CPU above 90 %")
    assert (incident.severity, incident.status) == ("SEV1", "investigating")
    assert list(incident.services.all()) == [shop["orders-db"]]
    assert incident.detected_at
    assert incident.detected_at > incident.impact_started_at
    assert incident.timeline.earliest("at", "pk").text == "Incident filed from Alertmanager"
    assert incident.alerts.get().url == inward
    assert incident.alerts.get().joined_because == f"It opened {incident.reference}."
    assert "HighCPU fires on orders-db" in incident.timeline.latest("at", "pk").text


@pytest.mark.parametrize(
    ("name", "service", "more", "why"),
    [
        ("HighLatency", "orders-db", {}, "Same service"),
        ("Errors", "checkout", {}, "A service it depends on or that needs it"),
        ("HighCPU", "blog", {}, "The same rule elsewhere"),
        ("Other", "blog", {"group_key": "g"}, "Same group at the sender"),
        ("CPUHigh", "blog", {"summary": "CPU above ninety"}, "Similar words as HighCPU"),
    ],
)
def test_a_related_alert_joins_and_says_why(
    receive: Receive, shop: dict[str, Service], name: str, service: str, more: Any, why: str
) -> None:
    receive("HighCPU", "orders-db", group_key="g", summary="cpu above", ago=2)
    receive(name, service, **more)
    assert Incident.objects.count() == 1
    assert Alert.objects.get(name=name, service__name=service).joined_because.startswith(why)


def test_unrelated_or_late_alerts_open_incidents_of_their_own(
    receive: Receive, shop: dict[str, Service]
) -> None:
    receive("HighCPU", "orders-db", ago=50)
    receive("CertificateExpiry", "blog")
    receive("HighLatency", "orders-db")
    assert Incident.objects.count() == 3


def test_a_repeated_alert_is_one_episode_and_a_late_one_does_not_revive_it(
    receive: Receive, shop: dict[str, Service]
) -> None:
    started = timezone.now() - timedelta(minutes=4)
    receive("HighCPU", "orders-db", starts_at=started)
    assert receive("HighCPU", "orders-db", starts_at=started) == "HighCPU: still fires"
    assert receive("HighCPU", "orders-db", firing=False) == "HighCPU: ended"
    assert receive("HighCPU", "orders-db", starts_at=started) == "HighCPU: already ended"
    alert = Alert.objects.get()
    assert alert.status == "resolved"
    assert receive("Unheard", "orders-db", firing=False) == "Unheard: ended before it was received"


def test_a_supplementary_service_waits_and_opens_only_if_it_still_fires(
    receive: Receive, shop: dict[str, Service]
) -> None:
    receive("QueueGrows", "mail", ago=1)
    receive("Short", "mail", ago=1)
    assert not Incident.objects.exists()
    assert "Waits 15 min" in Alert.objects.get(name="Short").joined_because
    receive("Short", "mail", firing=False)
    Alert.objects.filter(opens_at__isnull=False).update(opens_at=timezone.now())
    auto_close.open_overdue_alerts()
    assert Incident.objects.get().alerts.get().name == "QueueGrows"


def test_maintenance_stores_the_alert_and_opens_nothing(
    receive: Receive, shop: dict[str, Service]
) -> None:
    window = MaintenanceWindow.objects.create(
        reason="Upgrade", ends_at=timezone.now() + timedelta(hours=1)
    )
    window.services.add(shop["orders-db"])
    receive("HighCPU", "orders-db")
    assert Alert.objects.get().joined_because == "Maintenance: Upgrade"
    assert not Incident.objects.exists()


def test_what_fires_again_soon_reopens_what_only_the_product_closed(
    receive: Receive, shop: dict[str, Service], user: User
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    receive("Slow", "blog", ago=9)
    receive("Slow", "blog", firing=False, ago=5)
    auto_close.close_quiet_incidents()
    receive("Slow", "blog", ago=1)
    incident = Incident.objects.get()
    assert incident.status == "investigating"
    receive("Slow", "blog", firing=False)
    filing.set_status(incident, "resolved", user)
    receive("Slow", "blog")
    assert Incident.objects.count() == 2


def test_a_storm_of_unrelated_rules_becomes_few_incidents(receive: Receive) -> None:
    for number in range(60):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:03d}")
        receive(
            f"Rule{word}", fingerprint=f"f{number}", summary=f"{word} {word}{word} trouble{word}"
        )
    assert Incident.objects.count() <= 10
    assert not Alert.objects.filter(incident=None).exists()
    assert Incident.objects.filter(title__startswith="Outage").count() == 1


def test_alerts_of_a_private_incident_are_hidden_from_others(
    receive: Receive, shop: dict[str, Service], client: Client, other: User
) -> None:
    receive("SecretLeak", "blog", summary="zebra token")
    Incident.objects.update(private=True)
    client.force_login(other)
    page = client.get("/alerts/").content.decode()
    assert "zebra" not in page
    assert "SecretLeak" not in page
