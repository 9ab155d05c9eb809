"""Posts changes to the served addresses as their senders do, and processes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.test import Client

from incidents.intake import processing
from incidents.models import Change, Delivery, Integration
from tests.incidents.signed_requests import make, request_for

CASES = Path(__file__).resolve().parents[2] / "cases"


class Sender:
    """One integration and its secret."""

    def __init__(self, kind: str, **fields: Any) -> None:
        self.kind = kind
        self.integration, self.secret = make(kind, **fields)

    def post(self, body: Any, **headers: str) -> None:
        """Post one body; it must be accepted."""
        content = json.dumps(body).encode()
        path, content, signed = request_for(self.kind, self.integration.slug, self.secret, content)
        if self.kind == "events_v2":
            path = "/v2/change/enqueue"
        signed |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = Client().post(path, content, content_type="application/json", headers=signed)
        assert answer.status_code == 202, answer.content

    def deliver(self, *bodies: Any, **headers: str) -> list[Change]:
        """Post bodies in this order and process them; the changes of this sender, oldest first."""
        for body in bodies:
            self.post(body, **headers)
        processing.process_waiting()
        return changes_of(self.integration)


def changes_of(integration: Integration) -> list[Change]:
    return list(
        Change.objects.filter(external_source=f"hook {integration.pk}")
        .select_related("service")
        .order_by("pk")
    )


def outcomes_of(integration: Integration) -> list[str]:
    return list(
        Delivery.objects.filter(integration=integration)
        .order_by("pk")
        .values_list("outcome", flat=True)
    )


def case(name: str) -> Any:
    return json.loads((CASES / name).read_text())


def counting(changes: Iterable[Change]) -> list[str]:
    return [change.title for change in changes if change.counts]
