"""Heartbeats open nothing while they come, and an incident when they stay away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.alerts import auto_close, heartbeats
from incidents.intake import processing, receiving
from incidents.models import (
    Alert,
    Delivery,
    HeartbeatRule,
    HeartbeatSender,
    HeartbeatWatch,
    Incident,
    Integration,
    Service,
    TierPolicy,
)
from incidents.tasks import check_heartbeats
from incidents.tokens import create_token
from tests.incidents.conftest import Receive
from tests.incidents.signed_requests import make, request_for

pytestmark = pytest.mark.django_db
WATCHDOG = Path(__file__).resolve().parents[2] / "cases" / "am-watchdog.json"


@pytest.fixture
def rule(database: Service) -> HeartbeatRule:
    rule = HeartbeatRule.objects.get(pattern="Watchdog")
    rule.interval, rule.service = 10, database
    rule.save()
    return rule


def pass_minutes(minutes: float, listening: bool = True) -> None:
    """Move all that was noted into the past, as if time had passed, with or without our checks."""
    by = timedelta(minutes=minutes)
    for sender in HeartbeatSender.objects.all():
        sender.last_seen_at -= by
        sender.watched_since -= by
        sender.save()
    for each in HeartbeatRule.objects.all():
        HeartbeatRule.objects.filter(pk=each.pk).update(changed_at=each.changed_at - by)
    for alert in Alert.objects.all():
        alert.starts_at -= by
        alert.ends_at = alert.ends_at and alert.ends_at - by
        alert.save()
    Delivery.objects.update(received_at=F("received_at") - by)
    for watch in HeartbeatWatch.objects.all():
        watch.listening_since -= by
        watch.checked_at -= timedelta() if listening else by
        watch.save()


def beat(client: Client, integration: Integration, secret: str) -> str:
    signed = request_for("alertmanager", integration.slug, secret, WATCHDOG.read_bytes())
    assert (
        client.post(signed[0], signed[1], "application/json", headers=signed[2]).status_code == 202
    )
    processing.process_waiting()
    return Delivery.objects.latest("pk").outcome


def test_a_heartbeat_opens_nothing_until_it_stays_away_and_ends_when_it_comes_again(
    client: Client, rule: HeartbeatRule
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    integration, secret = make("alertmanager", name="prod")
    check_heartbeats()
    for _ in range(2):
        assert "a heartbeat; it opens nothing" in beat(client, integration, secret)
        pass_minutes(9)
        check_heartbeats()
    assert not Alert.objects.exists()
    pass_minutes(3)
    check_heartbeats()
    check_heartbeats()
    incident = Incident.objects.get()
    assert incident.title.endswith("No heartbeat “Watchdog” from prod for 10 min")
    assert incident.services.get().name == "orders-db"
    assert "last came at" in incident.symptom
    beat(client, integration, secret)
    assert Alert.objects.get().status == "resolved"
    auto_close.close_quiet_incidents()
    incident.refresh_from_db()
    assert incident.status == "mitigated"  # The service is a core one.
    pass_minutes(11)
    check_heartbeats()
    assert Alert.objects.filter(status="firing").count() == 1


def test_after_our_own_downtime_silence_counts_from_when_we_listen_again(
    client: Client, rule: HeartbeatRule
) -> None:
    integration, secret = make("alertmanager", name="prod")
    check_heartbeats()
    beat(client, integration, secret)
    pass_minutes(300, listening=False)
    check_heartbeats()
    assert not Alert.objects.exists()
    pass_minutes(9)
    check_heartbeats()
    assert not Alert.objects.exists()
    pass_minutes(2)
    check_heartbeats()
    assert Alert.objects.count() == 1


def test_a_delivery_that_still_waits_may_hold_the_heartbeat(
    client: Client, rule: HeartbeatRule
) -> None:
    integration, secret = make("alertmanager", name="prod")
    check_heartbeats()
    beat(client, integration, secret)
    pass_minutes(11)
    receiving.store(integration, {}, WATCHDOG.read_bytes())
    Delivery.objects.filter(state="waiting").update(
        received_at=timezone.now() - timedelta(minutes=5)
    )
    check_heartbeats()
    assert not Alert.objects.exists()
    processing.process_waiting()
    check_heartbeats()
    assert not Alert.objects.exists()


@pytest.mark.parametrize("how", ["forgotten", "rule removed", "switched off", "never watched"])
def test_silence_ends_with_what_made_it_count(
    client: Client, rule: HeartbeatRule, root_api: APIClient, how: str
) -> None:
    integration, secret = make("alertmanager", name="prod")
    check_heartbeats()
    beat(client, integration, secret)
    pass_minutes(11)
    check_heartbeats()
    listed = root_api.get("/api/v1/heartbeat-senders/").data["results"]
    assert [(row["name"], row["integration"], row["state"]) for row in listed] == [
        ("Watchdog", "prod", "silent")
    ]
    if how == "forgotten":
        answer = root_api.delete(f"/api/v1/heartbeat-senders/{listed[0]['id']}/")
        assert answer.status_code == 204
    elif how == "rule removed":
        assert root_api.delete(f"/api/v1/heartbeats/{rule.pk}/").status_code == 204
    elif how == "switched off":
        Integration.objects.update(enabled=False)
    else:
        body = {"interval": None}
        answer = root_api.patch(f"/api/v1/heartbeats/{rule.pk}/", body, format="json")
        assert answer.status_code == 200, answer.data
    check_heartbeats()
    assert Alert.objects.get().status == "resolved"


def test_shipped_rules_know_the_alerts_that_fire_on_purpose(receive: Receive) -> None:
    assert "heartbeat" in receive("Watchdog")
    for name in (
        "DeadMansSwitch", "Dead Man's Switch", "dead-mans-switch", "watchdog", "Watch_Dog",
        "DEAD_MAN_SWITCH", "Watchdog (monitoring/k8s none)",
    ):  # fmt: skip
        assert "heartbeat" in receive(name)
    assert receive("InfoInhibitor") == "InfoInhibitor: opens nothing, by the rule InfoInhibitor"
    assert receive("WatchdogDown") == "WatchdogDown: fires"
    assert receive("Hardware watchdog") == "Hardware watchdog: fires"
    pass_minutes(20 * 60)
    heartbeats.check_heartbeats()
    names = set(Alert.objects.filter(source__startswith="heartbeat").values_list("name", flat=True))
    assert not any("InfoInhibitor" in name for name in names)


def test_a_rule_made_later_ends_the_alert_that_fired_all_the_time(receive: Receive) -> None:
    receive("AlwaysOn")
    HeartbeatRule.objects.create(pattern="Always*", interval=5)
    receive("AlwaysOn")
    assert Alert.objects.get().status == "resolved"


def test_a_rule_for_one_integration_wins_and_leaves_others_alone(receive: Receive) -> None:
    other = Integration.objects.create(kind="generic", name="other")
    HeartbeatRule.objects.create(pattern="Ping", integration=other, interval=5)
    assert receive("Ping") == "Ping: fires"
    own = Integration.objects.get(name="Alertmanager")
    HeartbeatRule.objects.create(pattern="Watch*", integration=own)
    assert receive("Watchdog") == "Watchdog: opens nothing, by the rule Watch*"


@pytest.fixture
def root_api(django_user_model: type[User]) -> APIClient:
    root = django_user_model.objects.create_superuser("root", password="pass-for-tests")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(root, 'test', 'admin')[1]}")
    return api


def test_pages_and_api_keep_the_same_rules(
    client: Client, root_api: APIClient, database: Service
) -> None:
    client.force_login(User.objects.get(username="root"))
    form = {"pattern": "Nightly", "interval": "1500", "service": database.pk}
    assert client.post("/rules/heartbeats/new/", form).status_code == 302
    assert client.post("/rules/heartbeats/new/", form).status_code == 422
    assert client.post("/rules/heartbeats/new/", {**form, "interval": "0"}).status_code == 422
    body = {"pattern": "Nightly", "interval": 5}
    assert root_api.post("/api/v1/heartbeats/", body, format="json").status_code == 400
    body = {"pattern": "Hourly", "interval": 130, "service": database.name}
    answer = root_api.post("/api/v1/heartbeats/", body, format="json")
    assert (answer.status_code, answer.data["service"]) == (201, "orders-db")
    integration = Integration.objects.create(kind="generic", name="Cron")
    sender = HeartbeatSender.objects.create(
        rule_id=answer.data["id"], integration=integration, fingerprint="1", name="Hourly",
        last_seen_at=timezone.now(),
    )  # fmt: skip
    page = client.get("/rules/").content.decode()
    assert "when it stays away for 1 d 1 h" in page
    assert "Forget Hourly from Cron" in page
    assert client.post(f"/rules/heartbeats/{sender.pk}/forget/").status_code == 302
    assert not HeartbeatSender.objects.exists()
