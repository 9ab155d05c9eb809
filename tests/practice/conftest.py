from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from incidents.models import Service
from people.membership import join_team
from people.models import Team
from practice.models import Slo


@pytest.fixture
def checkout(user: User) -> Service:
    """A service of the team that `user` is in."""
    orders = Team.objects.create(name="Orders")
    join_team(user, orders)
    return Service.objects.create(
        name="checkout", tier="core", owner=orders, on_call="Orders rota",
        runbook_url="https://wiki.example/checkout", dashboards="https://grafana.example/d/1",
        repositories="https://git.example/checkout",
    )  # fmt: skip


@pytest.fixture
def manager(user: User, client: Client) -> Client:
    """Signed in as somebody who may set the practice up."""
    user.user_permissions.add(Permission.objects.get(codename="change_slo"))
    client.force_login(user)
    return client


@pytest.fixture
def slo(checkout: Service) -> Slo:
    return Slo.objects.create(
        service=checkout, name="availability", target=Decimal("99.9"),
        numerator='sum(rate(http_requests_total{code=~"5.."}[$window]))',
        total="sum(rate(http_requests_total[$window]))",
    )  # fmt: skip


def count(slo: Slo, until: datetime, days: int = 28, total: float = 100.0) -> None:
    """As if everything had been counted, without one bad event."""
    for back in range(days + 1):
        day: date = until.astimezone(UTC).date() - timedelta(days=back)
        slo.days.create(day=day, bad=[0.0] * 288, total=[total] * 288)
    slo.pulled_until = until
    slo.save()


def fail(slo: Slo, start: datetime, minutes: int, bad: float = 100.0) -> None:
    """Let events fail from a moment on, in whole buckets."""
    for place in range(minutes // 5):
        at = start.astimezone(UTC) + timedelta(minutes=5 * place)
        row = slo.days.get(day=at.date())
        row.bad[(at.hour * 60 + at.minute) // 5] = bad
        row.save()
