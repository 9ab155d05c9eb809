"""Alerts become incidents: episodes, joining with a reason, policies, splitting and merging."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents import filing, merging
from incidents.alerts import auto_close, noise
from incidents.alerts.episodes import ingest_alerts
from incidents.models import Alert, Incident, Integration, MaintenanceWindow, Service, TierPolicy
from incidents.webhooks.base import AlertEvent

pytestmark = pytest.mark.django_db
Tell = Callable[..., str]


@pytest.fixture
def tell() -> Tell:
    """Tells of one alert; `ago` is when it began or ended, in minutes."""
    integration = Integration.objects.create(kind="alertmanager", name="Alertmanager")

    def act(
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

    return act


@pytest.fixture
def shop() -> dict[str, Service]:
    made = {
        name: Service.objects.create(name=name, tier=tier)
        for name, tier in (
            ("checkout", "core"), ("orders-db", "core"),
            ("mail", "supplementary"), ("blog", "normal"),
        )
    }  # fmt: skip
    made["checkout"].depends_on.add(made["orders-db"])
    return made


def test_an_alert_opens_an_incident_with_its_service_times_and_severity(
    tell: Tell, shop: dict[str, Service]
) -> None:
    inward = "http://monitor:9090/graph?g0.expr=cpu"
    tell("HighCPU", "orders-db", ago=3, summary="CPU above 90 %", url=inward)
    incident = Incident.objects.get()
    assert incident.title == "orders-db: CPU above 90 %"
    assert (incident.severity, incident.status) == ("SEV1", "investigating")
    assert list(incident.services.all()) == [shop["orders-db"]]
    assert incident.detected_at
    assert incident.detected_at > incident.impact_started_at
    assert incident.timeline.first().text == "Incident filed from Alertmanager"
    assert incident.alerts.get().url == inward
    assert incident.alerts.get().joined_because == f"It opened {incident.reference}."
    assert "HighCPU fires on orders-db" in incident.timeline.last().text


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
    tell: Tell, shop: dict[str, Service], name: str, service: str, more: Any, why: str
) -> None:
    tell("HighCPU", "orders-db", group_key="g", summary="cpu above", ago=2)
    tell(name, service, **more)
    assert Incident.objects.count() == 1
    assert Alert.objects.get(name=name, service__name=service).joined_because.startswith(why)


def test_unrelated_or_late_alerts_open_incidents_of_their_own(
    tell: Tell, shop: dict[str, Service]
) -> None:
    tell("HighCPU", "orders-db", ago=50)
    tell("CertificateExpiry", "blog")
    tell("HighLatency", "orders-db")
    assert Incident.objects.count() == 3


def test_told_again_an_episode_stays_one_and_a_late_firing_does_not_revive_it(
    tell: Tell, shop: dict[str, Service]
) -> None:
    started = timezone.now() - timedelta(minutes=4)
    tell("HighCPU", "orders-db", starts_at=started)
    assert tell("HighCPU", "orders-db", starts_at=started) == "HighCPU: still fires"
    assert tell("HighCPU", "orders-db", firing=False) == "HighCPU: ended"
    assert tell("HighCPU", "orders-db", starts_at=started) == "HighCPU: already ended"
    alert = Alert.objects.get()
    assert alert.status == "resolved"
    assert tell("Unheard", "orders-db", firing=False) == "Unheard: ended before it was received"


def test_a_supplementary_service_waits_and_opens_only_if_it_still_fires(
    tell: Tell, shop: dict[str, Service]
) -> None:
    tell("QueueGrows", "mail", ago=1)
    tell("Short", "mail", ago=1)
    assert not Incident.objects.exists()
    assert "Waits 15 min" in Alert.objects.get(name="Short").joined_because
    tell("Short", "mail", firing=False)
    Alert.objects.filter(opens_at__isnull=False).update(opens_at=timezone.now())
    auto_close.open_overdue_alerts()
    assert Incident.objects.get().alerts.get().name == "QueueGrows"


def test_maintenance_keeps_the_alert_and_opens_nothing(
    tell: Tell, shop: dict[str, Service]
) -> None:
    window = MaintenanceWindow.objects.create(
        reason="Upgrade", ends_at=timezone.now() + timedelta(hours=1)
    )
    window.services.add(shop["orders-db"])
    tell("HighCPU", "orders-db")
    assert Alert.objects.get().joined_because == "Maintenance: Upgrade"
    assert not Incident.objects.exists()


def test_quiet_closes_by_the_policy_of_the_highest_tier(
    tell: Tell, shop: dict[str, Service]
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    tell("HighCPU", "orders-db", ago=9)
    tell("CertificateExpiry", "blog", ago=9)
    auto_close.close_quiet_incidents()
    assert Incident.objects.filter(status="investigating").count() == 2
    tell("HighCPU", "orders-db", firing=False)
    tell("CertificateExpiry", "blog", firing=False)
    auto_close.close_quiet_incidents()
    auto_close.close_quiet_incidents()
    of_core = Incident.objects.get(services=shop["orders-db"])
    assert of_core.status == "mitigated"
    assert of_core.timeline.filter(text="All its alerts have ended.").count() == 1
    assert Incident.objects.get(services=shop["blog"]).status == "resolved"


def test_what_fires_again_soon_reopens_what_only_the_product_closed(
    tell: Tell, shop: dict[str, Service], user: AbstractUser
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    tell("Slow", "blog", ago=9)
    tell("Slow", "blog", firing=False, ago=5)
    auto_close.close_quiet_incidents()
    tell("Slow", "blog", ago=1)
    incident = Incident.objects.get()
    assert incident.status == "investigating"
    tell("Slow", "blog", firing=False)
    filing.set_status(incident, "resolved", user)
    tell("Slow", "blog")
    assert Incident.objects.count() == 2


def test_a_flapping_alert_closes_its_incident_only_after_a_long_quiet(
    tell: Tell, shop: dict[str, Service]
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    for ago in (40, 30, 20, 10):
        tell("Slow", "blog", ago=ago)
        tell("Slow", "blog", firing=False, ago=ago - 5)
    auto_close.close_quiet_incidents()
    assert Incident.objects.get().is_open


def test_a_storm_of_unrelated_rules_becomes_few_incidents(tell: Tell) -> None:
    for number in range(60):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:03d}")
        tell(f"Rule{word}", fingerprint=f"f{number}", summary=f"{word} {word}{word} trouble{word}")
    assert Incident.objects.count() <= 10
    assert not Alert.objects.filter(incident=None).exists()
    assert Incident.objects.filter(title__startswith="Outage").count() == 1


def test_split_and_merge_keep_history_on_both_sides(
    tell: Tell, shop: dict[str, Service], web: Client, user: AbstractUser
) -> None:
    tell("HighCPU", "orders-db", ago=2)
    tell("Errors", "checkout", ago=1)
    incident = Incident.objects.get()
    wrong = incident.alerts.get(name="Errors")
    web.post(f"/INC-{incident.pk}/split/", {"alert": [wrong.pk]})
    wrong.refresh_from_db()
    made = wrong.incident
    assert made
    assert made != incident
    assert wrong.joined_because == f"Split from {incident.reference}."
    assert incident.timeline.filter(text__contains=f"Split off as {made.reference}").exists()
    web.post(f"/INC-{made.pk}/merge/", {"into": incident.reference})
    made.refresh_from_db()
    assert (made.merged_into, made.status) == (incident, "resolved")
    assert incident.alerts.count() == 2
    assert "was merged into this" in incident.timeline.last().text
    assert "This is part of" in web.get(f"/INC-{made.pk}/").content.decode()
    with pytest.raises(ValidationError):
        merging.merge(made, incident, user)


def test_a_private_incident_is_not_merged_into_a_public_one(
    incident: Incident, user: AbstractUser
) -> None:
    secret = filing.file_incident(title="Leak", private=True, reporter=user)
    with pytest.raises(ValidationError, match="private"):
        merging.merge(incident, secret, user)


def test_rules_that_lead_nowhere_are_named(
    tell: Tell, shop: dict[str, Service], web: Client, user: AbstractUser
) -> None:
    for ago in (50, 40, 30, 20, 10):
        tell("Noise", "blog", ago=ago)
        tell("Noise", "blog", firing=False, ago=ago - 1)
    tell("HighCPU", "orders-db")
    filing.add_note(Incident.objects.get(services=shop["orders-db"]), "looking", user)
    first, second = noise.noisy_rules(user)
    assert (first.name, first.episodes, first.leads_nowhere) == ("Noise", 5, True)
    assert (second.name, second.acted_on, second.leads_nowhere) == ("HighCPU", 1, False)
    assert "leads nowhere" in web.get("/alerts/").content.decode()


def test_alerts_of_a_private_incident_show_to_nobody_else(
    tell: Tell, shop: dict[str, Service], client: Client, other: AbstractUser
) -> None:
    tell("SecretLeak", "blog", summary="zebra token")
    Incident.objects.update(private=True)
    client.force_login(other)
    page = client.get("/alerts/").content.decode()
    assert "zebra" not in page
    assert "SecretLeak" not in page
