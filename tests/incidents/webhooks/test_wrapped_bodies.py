"""Senders that send their JSON in a form, through the served address."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from incidents.intake import processing
from incidents.models import Alert, Change, Delivery, Service
from tests.common.test_request_bodies import FORM, PARTS, parts
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db


def send(client: Client, kind: str, body: bytes, content_type: str) -> None:
    integration, secret = make(kind)
    path, content, headers = request_for(kind, integration.slug, secret, body)
    signed = {name: value for name, value in headers.items() if name != "Content-Type"}
    answer = client.post(path, content, content_type=content_type, headers=signed)
    assert answer.status_code == 202, answer.content
    processing.process_waiting()
    delivery = Delivery.objects.get()
    assert delivery.state == "done", delivery.outcome


def test_github_with_the_type_of_content_that_it_begins_with(
    client: Client,
) -> None:
    Service.objects.create(name="checkout")
    send(client, "github", urlencode({"payload": sample("github").decode()}).encode(), FORM)
    assert Change.objects.count() == 1


def test_uptime_kuma_with_form_data(client: Client, database: Service) -> None:
    send(client, "uptime_kuma", parts("data", sample("uptime_kuma").decode()), PARTS)
    assert Alert.objects.count() == 1


def test_a_form_without_json_is_refused_with_the_cure(client: Client) -> None:
    integration, secret = make("github")
    path, content, headers = request_for("github", integration.slug, secret, b"a=b")
    signed = {name: value for name, value in headers.items() if name != "Content-Type"}
    answer = client.post(path, content, content_type=FORM, headers=signed)
    assert answer.status_code == 400
    assert "Let the sender use application/json" in answer.content.decode()
    assert not Delivery.objects.exists()
