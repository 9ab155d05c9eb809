"""Changes from CI: each once, with its latest outcome."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from incidents.intake import processing, receiving
from incidents.models import Change, Delivery, Integration, Service
from tests.incidents.signed_requests import make, sample

pytestmark = pytest.mark.django_db


def deliver(kind: str, integration: Integration, body: bytes) -> Delivery:
    receiving.store(integration, {}, body)
    processing.process_waiting()
    return Delivery.objects.latest("pk")


def test_completed_and_finalized_of_one_build_are_one_change() -> None:
    Service.objects.create(name="checkout")
    integration, _ = make("jenkins", service=Service.objects.get())
    for phase, status in (("STARTED", ""), ("COMPLETED", "FAILURE"), ("FINALIZED", "FAILURE")):
        body = sample("jenkins").replace(b"FINALIZED", phase.encode())
        deliver("jenkins", integration, body.replace(b"SUCCESS", status.encode()))
    change = Change.objects.get()
    assert (change.outcome, change.title) == ("failed", "deploy-checkout #18")
    assert change.started_at == datetime(2026, 5, 4, 2, 53, 59, tzinfo=UTC)
    assert change.finished_at


def test_a_started_that_comes_late_does_not_undo_the_end() -> None:
    service = Service.objects.create(name="checkout")
    integration, _ = make("jenkins", service=service)
    deliver("jenkins", integration, sample("jenkins"))
    deliver("jenkins", integration, sample("jenkins").replace(b"FINALIZED", b"STARTED"))
    assert Change.objects.get().outcome == "succeeded"
