from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import Event, Incident, Service
from kb import notifications
from kb.causes.linking import name_cause
from kb.chat import slack
from kb.models import NotificationDelivery, NotificationRule, Workspace
from tests.kb.chat_requests import SECRET
from tests.kb.conftest import past
from tests.vendor_server import TOKEN, Vendors

INDEX = "orders-db slow queries, sequential scans after the migration"
POOL = "orders-db refuses connections, pool exhausted, clients wait"


@pytest.fixture
def history(database: Service, user: User) -> list[Incident]:
    """Two kinds of failure that were seen before, with what fixed them."""
    rows = []
    for title, cause, fix, days in (
        (INDEX, "Index lost in the migration", "Created the index again", 40),
        ("orders-db sequential scans, slow queries", "Index lost in the migration", "Index", 90),
        (POOL, "Connection pool too small", "Raised max_connections to 400", 30),
        ("pool exhausted on orders-db, connections refused", "Connection pool too small", "", 70),
    ):
        incident = past(title, database, days, resolution=fix)
        fields = {"how_to_tell": "Count the *idle* connections first. Then the rest.",
                  "how_to_fix": "1. Raise the pool size."} if "pool" in cause else {}  # fmt: skip
        name_cause(incident, cause, author=user, **fields)
        rows.append(incident)
    # What happened before is no news.
    Event.objects.update(planned_at=timezone.now())
    return rows


@pytest.fixture
def connect(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> Callable[..., NotificationRule]:
    """`connect("slack")`: a workspace on the vendors' server, and a rule for new incidents."""
    monkeypatch.setattr(slack, "API", f"{vendors.url}/api/")

    def make(kind: str, *events: str, **fields: Any) -> NotificationRule:
        settings: dict[str, Any] = {"server": vendors.url}
        secrets = {"secret": SECRET, "bot_token": TOKEN}
        if kind in ("pagerduty", "opsgenie"):
            secrets = {"api_key": TOKEN}
            settings["sender"] = "oncall@example.com"
        if kind == "teams":
            secrets = {"secret": "c2l4dGVlbg==", "flow": f"{vendors.url}/flow"}
        row = Workspace(kind=kind, name=kind, settings=settings)
        row.secrets = secrets
        row.save()
        channel = fields.pop("channel", "C0OPS")
        return NotificationRule.objects.create(
            workspace=row, channel=channel, events=list(events or ["incident.filed"]), **fields
        )

    return make


@pytest.fixture
def again(history: list[Incident], database: Service) -> Callable[..., Incident]:
    def file(title: str = POOL, **fields: Any) -> Incident:
        return file_incident(title=title, services=[database], **fields)

    return file


def deliver() -> None:
    """Send what is due, and what waits for another attempt."""
    NotificationDelivery.objects.filter(state="waiting").update(not_before=timezone.now())
    notifications.deliver_due()


def words_of(post: dict[str, Any]) -> str:
    return json.dumps(post, ensure_ascii=False)


def recording(sent: list[Any]) -> Callable[[Workspace, Any], bytes]:
    """Instead of a vendor without threads: records what would have been sent."""

    def send(workspace: Workspace, request: Any) -> bytes:
        sent.append(request)
        return b"1"

    return send
