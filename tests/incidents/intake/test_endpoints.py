"""What senders get while the database is down."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from incidents.intake import receiving
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db


def test_a_sender_should_retry_while_the_database_is_down(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration, secret = make("change")

    def down(*_: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(receiving, "find_integration", down)
    path, body, headers = request_for("change", integration.slug, secret, sample("change"))
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
