"""A pager whose webhooks reach the product, and rules by which the product writes to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.intake import processing, receiving
from incidents.models import Alert, Delivery, Event, Incident, Integration, Service
from kb import notifications
from kb.causes.linking import name_cause
from kb.models import NotificationDelivery, NotificationRule, Workspace
from tests.incidents.signed_requests import make
from tests.kb.conftest import past
from tests.kb.pagers.played import PLAYED
from tests.pager_server import KEY, SENDER, Pagers
from tests.splunk_oncall_server import API_ID

POOL = "orders-db refuses connections, pool exhausted, clients wait"
EVENTS = ["incident.filed", "incident.answer", "incident.acknowledged", "incident.resolved"]
Connect = Callable[..., NotificationRule]


class World:
    """A pager whose webhooks reach the product, and what the product sends it."""

    def __init__(self, pagers: Pagers) -> None:
        self.pagers = pagers
        self.played = {each.kind: each(pagers) for each in PLAYED}
        self.integrations: dict[str, Integration] = {
            each.kind: make(each.kind, name=each.title)[0] for each in PLAYED
        }

    def webhooks(self) -> list[str]:
        """Receive what the pager owes us; returns what became of it."""
        sent, self.pagers.webhooks[:] = list(self.pagers.webhooks), []
        for kind, body in sent:
            receiving.store(self.integrations[kind], {}, json.dumps(body).encode())
        processing.process_waiting()
        rows = Delivery.objects.order_by("-pk").values_list("outcome", flat=True)
        return list(rows[: len(sent)])

    def send(self) -> int:
        NotificationDelivery.objects.filter(state="waiting").update(not_before=timezone.now())
        return notifications.deliver_due()

    def settle(self) -> None:
        """Everything that follows, until nothing does."""
        for _ in range(5):
            self.send()
            self.webhooks()

    def page(self, kind: str, record: str = "", title: str = POOL) -> Incident:
        """The pager calls somebody for a new record of it."""
        record = record or self.played[kind].record
        self.played[kind].page(record, title)
        self.webhooks()
        incident = Alert.objects.get(fingerprint=record).incident
        assert incident
        return incident

    def notes(self, kind: str) -> list[str]:
        return self.played[kind].notes(self.played[kind].record)

    def state(self, kind: str, record: str = "") -> str:
        return self.played[kind].state(record or self.played[kind].record)


@pytest.fixture
def world(pagers: Pagers, database: Service, user: User) -> World:
    row = past(POOL, database, 30, resolution="Raised max_connections to 400")
    name_cause(row, "Connection pool too small", author=user)
    # What happened before is no news.
    Event.objects.update(planned_at=timezone.now())
    return World(pagers)


@pytest.fixture
def connect(pagers: Pagers) -> Connect:
    def make_rule(kind: str, *events: str, **settings: Any) -> NotificationRule:
        given = {"server": pagers.url, "sender": SENDER, "acts": True, **settings}
        row = Workspace(kind=kind, name=kind, settings=given)
        row.secrets = {"api_key": KEY, "api_id": API_ID}
        row.save()
        return NotificationRule.objects.create(workspace=row, events=list(events or EVENTS))

    return make_rule
