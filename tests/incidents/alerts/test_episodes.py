"""What is sent again is no new episode; what overtakes its alert does not revive it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents import filing
from incidents.models import Alert, Incident, Service
from tests.incidents.conftest import Receive

pytestmark = pytest.mark.django_db


def test_senders_that_say_now_each_time_make_one_episode(
    receive: Receive, shop: dict[str, Service], user: User
) -> None:
    for ago in (50, 40, 30):
        receive("Lag", "blog", ago=ago)
    assert Alert.objects.count() == 1
    incident = Incident.objects.get()
    filing.set_status(incident, "resolved", user)
    assert receive("Lag", "blog", ago=1) == "Lag: still fires"
    assert Incident.objects.count() == 1


def test_an_alert_that_was_silent_for_long_after_its_incident_was_closed_is_a_new_episode(
    receive: Receive, shop: dict[str, Service], user: User
) -> None:
    receive("Lag", "blog", ago=600)
    filing.set_status(Incident.objects.get(), "resolved", user)
    long_ago = timezone.now() - timedelta(hours=5)
    Alert.objects.update(last_received_at=long_ago, received_at=long_ago)
    assert receive("Lag", "blog") == "Lag: fires"
    assert Incident.objects.count() == 2
    assert Alert.objects.filter(status="firing").count() == 1


def test_a_recovery_that_overtakes_its_alert_ends_it(
    receive: Receive, shop: dict[str, Service]
) -> None:
    started = timezone.now() - timedelta(minutes=4)
    ended = receive("Lag", "blog", firing=False, starts_at=started)
    assert ended == "Lag: ended before it was received"
    assert receive("Lag", "blog", starts_at=started) == "Lag: already ended"
    assert not Incident.objects.exists()


def test_news_updates_severity_and_words_and_the_recovery_leaves_them(
    receive: Receive, shop: dict[str, Service]
) -> None:
    receive("Lag", "blog", severity="warning", summary="30 s behind", starts_at=None)
    receive("Lag", "blog", severity="critical", summary="90 s behind", starts_at=None)
    assert Incident.objects.get().severity == "SEV1"
    receive("Lag", "blog", severity="warning", summary="60 s behind", starts_at=None)
    assert Incident.objects.get().severity == "SEV3"
    receive("Lag", "blog", firing=False, severity="ok", summary="0 s behind")
    alert = Alert.objects.get()
    assert (alert.status, alert.severity, alert.summary) == ("resolved", "warning", "60 s behind")


def test_two_episodes_in_one_delivery_without_an_end_between_them_are_stored(
    receive: Receive, shop: dict[str, Service]
) -> None:
    receive("Lag", "blog", ago=5)
    receive("Lag", "blog", firing=False)
    receive("Lag", "blog", ago=0)
    assert sorted(Alert.objects.values_list("status", flat=True)) == ["firing", "resolved"]
