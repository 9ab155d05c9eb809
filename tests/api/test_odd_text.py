"""Odd characters and deep nesting: an answer that names the field, by every way in."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from rest_framework.test import APIClient

from incidents.intake import processing
from incidents.models import Alert, Delivery, Incident
from tests.incidents.signed_requests import make, request_for

pytestmark = pytest.mark.django_db
DEEP = "[" * 5_000 + "]" * 5_000


def sent(api: APIClient, path: str, body: str) -> tuple[int, dict]:
    answer = api.generic("POST", path, body, content_type="application/json")
    return answer.status_code, json.loads(answer.content)


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800", "\\udfff"])
def test_the_api_names_the_field_with_a_character_that_cannot_be_stored(
    api: APIClient, character: str
) -> None:
    status, answer = sent(api, "/api/v1/incidents/", f'{{"title": "x{character}y"}}')
    assert (status, list(answer["errors"])) == (400, ["title"])
    status, answer = sent(
        api, "/api/v1/incidents/", f'{{"title": "x", "labels": {{"a{character}": "b"}}}}'
    )
    assert (status, list(answer["errors"])) == (400, ["labels"])
    assert not Incident.objects.exists()


@pytest.mark.parametrize("path", ["incidents/", "suggestions/", "services/", "causes/"])
def test_the_api_refuses_what_is_nested_too_deep(api: APIClient, path: str) -> None:
    status, answer = sent(api, f"/api/v1/{path}", f'{{"title": {DEEP}}}')
    assert status == 400
    assert "nested too deep" in answer["detail"]


def test_a_title_of_several_lines_becomes_one(api: APIClient) -> None:
    status, answer = sent(api, "/api/v1/incidents/", '{"title": "slow\\n\\tpages\\r\\n now"}')
    assert (status, answer["title"]) == (201, "slow pages now")


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800"])
def test_an_alert_with_such_a_character_is_stored_without_it(
    client: Client, character: str
) -> None:
    integration, secret = make("alertmanager", name="prod")
    body = json.dumps(
        {
            "version": "4", "status": "firing",
            "alerts": [{
                "status": "firing", "startsAt": "2026-03-01T02:57:00Z", "fingerprint": "f1",
                "labels": {"alertname": "Disk", "instance": "dbCHAR1"},
                "annotations": {"summary": "fullCHAR", "description": "CHAR"},
            }],
        }
    ).replace("CHAR", character)  # fmt: skip
    path, raw, headers = request_for("alertmanager", integration.slug, secret, body.encode())
    assert client.post(path, raw, "application/json", headers=headers).status_code == 202
    processing.process_waiting()
    assert Delivery.objects.get().state == "done", Delivery.objects.get().outcome
    assert Alert.objects.get().name == "Disk"


def test_a_deep_delivery_fails_with_a_sentence(client: Client) -> None:
    integration, secret = make("alertmanager", name="prod")
    path, raw, headers = request_for("alertmanager", integration.slug, secret, DEEP.encode())
    assert client.post(path, raw, "application/json", headers=headers).status_code < 500
    processing.process_waiting()
    for delivery in Delivery.objects.all():
        assert delivery.state == "failed"
        assert "not JSON" in delivery.outcome
