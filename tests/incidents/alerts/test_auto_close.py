"""Incidents of alerts close when the alerts have ended, as the policy of their tier says."""

from __future__ import annotations

import pytest

from incidents.alerts import auto_close
from incidents.models import Incident, Service, TierPolicy
from tests.incidents.conftest import Receive

pytestmark = pytest.mark.django_db


def test_quiet_closes_by_the_policy_of_the_highest_tier(
    receive: Receive, shop: dict[str, Service]
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    receive("HighCPU", "orders-db", ago=9)
    receive("CertificateExpiry", "blog", ago=9)
    auto_close.close_quiet_incidents()
    assert Incident.objects.filter(status="investigating").count() == 2
    receive("HighCPU", "orders-db", firing=False)
    receive("CertificateExpiry", "blog", firing=False)
    auto_close.close_quiet_incidents()
    auto_close.close_quiet_incidents()
    of_core = Incident.objects.get(services=shop["orders-db"])
    assert of_core.status == "mitigated"
    assert of_core.timeline.filter(text="All its alerts have ended.").count() == 1
    assert Incident.objects.get(services=shop["blog"]).status == "resolved"


def test_a_flapping_alert_closes_its_incident_only_after_a_long_quiet(
    receive: Receive, shop: dict[str, Service]
) -> None:
    TierPolicy.objects.update(quiet_after=0)
    for ago in (40, 30, 20, 10):
        receive("Slow", "blog", ago=ago)
        receive("Slow", "blog", firing=False, ago=ago - 5)
    auto_close.close_quiet_incidents()
    assert Incident.objects.get().is_open
