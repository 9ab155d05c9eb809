"""Old records are deleted, waiting ones are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import retention
from incidents.models import Delivery
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db


def test_old_deliveries_are_deleted_but_not_waiting_ones() -> None:
    integration, _ = make("change")
    old = timezone.now() - timedelta(days=40)
    for number, state in enumerate(("done", "failed", "waiting")):
        Delivery.objects.create(
            integration=integration, sender_id=str(number), body=b"{}", state=state, received_at=old
        )
    retention.delete_old_deliveries()
    assert Delivery.objects.get().state == "waiting"
