"""Rules that fire often and on which nobody ever acts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents import filing
from incidents.alerts import noise
from incidents.models import Incident, Service
from tests.incidents.conftest import Receive

pytestmark = pytest.mark.django_db


def test_noisy_rules_are_listed(
    receive: Receive, shop: dict[str, Service], web: Client, user: User
) -> None:
    for ago in (50, 40, 30, 20, 10):
        receive("Noise", "blog", ago=ago)
        receive("Noise", "blog", firing=False, ago=ago - 1)
    receive("HighCPU", "orders-db")
    filing.add_note(Incident.objects.get(services=shop["orders-db"]), "looking", user)
    first, second = noise.noisy_rules(user)
    assert (first.name, first.episodes, first.leads_nowhere) == ("Noise", 5, True)
    assert (second.name, second.acted_on, second.leads_nowhere) == ("HighCPU", 1, False)
    assert "leads nowhere" in web.get("/alerts/").content.decode()
