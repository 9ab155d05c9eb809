"""What a load balancer learns at /healthz."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client

from config.version import VERSION


@pytest.mark.django_db
def test_it_is_well_while_the_database_answers_whoever_wants_to_know(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, f"ok {VERSION}\n".encode())


@pytest.mark.django_db
def test_without_the_database_it_is_not_well_and_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused to host 10.0.0.7")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.content == b"the database does not answer\n"
