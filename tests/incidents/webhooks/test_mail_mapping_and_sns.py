"""Senders with ways of their own: mail, JSON by a mapping, SNS subscriptions."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from incidents.intake import processing, receiving
from incidents.models import Alert, Delivery, Integration, Service
from tests.incidents.signed_requests import make, sample

pytestmark = pytest.mark.django_db


def deliver(kind: str, integration: Integration, body: bytes) -> Delivery:
    receiving.store(integration, {}, body)
    processing.process_waiting()
    return Delivery.objects.latest("pk")


def test_a_mapping_reads_the_json_of_an_unknown_sender() -> None:
    Service.objects.create(name="blog")
    settings = {
        "rows_at": "items", "name_at": "what.title", "state_at": "up", "ended_words": "true",
        "service_at": "what.svc", "fingerprint_at": "id",
    }  # fmt: skip
    integration, _ = make("generic", settings=settings)
    row = b'{"id": %d, "up": "%s", "what": {"title": "Down", "svc": "blog"}}'
    deliver("generic", integration, b'{"items": [' + row % (1, b"false") + b"]}")
    deliver("generic", integration, b'{"items": [' + row % (1, b"true") + b"]}")
    alert = Alert.objects.get()
    assert (alert.name, alert.status, alert.service and alert.service.name) == (
        "Down", "resolved", "blog",
    )  # fmt: skip


def test_mail_can_be_piped_in_and_its_recovery_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make("email", name="E-mail")

    def pipe(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        call_command("take_mail", "E-mail")
        processing.process_waiting()

    pipe(sample("email"))
    pipe(sample("email").replace(b"[CRITICAL]", b"[RESOLVED]").replace(b"lag-17", b"lag-18"))
    assert Alert.objects.get().status == "resolved"
    with pytest.raises(CommandError, match="no e-mail integration"):
        call_command("take_mail", "Nobody")


def test_the_subscription_of_a_topic_is_shown_and_no_address_is_opened() -> None:
    integration, _ = make("sns")
    body = b'{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://169.254.169.254/x"}'
    delivery = deliver("sns", integration, body)
    assert "open http://169.254.169.254/x if you asked for it" in delivery.outcome
