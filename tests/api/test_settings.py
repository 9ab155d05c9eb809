"""Integrations, sources, workspaces and rules by API."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from analysis.models import Source
from incidents.models import Service

pytestmark = pytest.mark.django_db


def test_chat_workspaces_and_rules(admin_api: APIClient) -> None:
    body: dict[str, Any] = {"kind": "slack", "name": "Ours", "secrets": {"secret": "hush-hush"}}
    made = admin_api.post("/api/v1/chat-workspaces/", body, format="json")
    assert made.status_code == 201, made.data
    assert "hush" not in str(made.data)
    rule = {"workspace": made.data["id"], "channel": "C1", "events": ["incident.filed"]}
    assert admin_api.post("/api/v1/chat-rules/", rule, format="json").status_code == 201
    wrong = admin_api.post("/api/v1/chat-rules/", {**rule, "zone": "Mars"}, format="json")
    assert "zone" in wrong.data["errors"]
    assert admin_api.get("/api/v1/chat-tellings/").data["results"] == []
    none = admin_api.post("/api/v1/chat-workspaces/", {"kind": "slack", "name": "B"}, format="json")
    assert "settings" in none.data["errors"]


def test_an_integration_and_its_secret(admin_api: APIClient, database: Service) -> None:
    body = {"kind": "alertmanager", "name": "Alertmanager", "service": "orders-db"}
    made = admin_api.post("/api/v1/integrations/", body, format="json")
    assert made.status_code == 201
    listed = admin_api.get("/api/v1/integrations/").data["results"][0]
    assert "secret" not in listed
    hook = APIClient()
    alert = {
        "alerts": [
            {
                "status": "firing", "fingerprint": "f", "labels": {"alertname": "Down"},
                "startsAt": "2026-11-01T03:04:00Z",
            }
        ]
    }  # fmt: skip
    taken = hook.post(
        made.data["path"], alert, format="json",
        HTTP_AUTHORIZATION=f"Bearer {made.data['secret']}",
    )  # fmt: skip
    assert taken.status_code == 202
    deliveries = admin_api.get("/api/v1/deliveries/").data["results"]
    assert len(deliveries) == 1
    wrong = admin_api.post("/api/v1/integrations/", {**body, "kind": "fax"}, format="json")
    assert "kind" in wrong.data["errors"]


@pytest.mark.parametrize("secret", ["password", "token", "header_value"])
def test_a_source_never_returns_its_secret_and_stores_it_encrypted(
    admin_api: APIClient, secret: str
) -> None:
    body: dict[str, Any] = {
        "name": "Prom", "kind": "prometheus", "secrets": {secret: "hush"},
        "settings": {"url": "http://127.0.0.1:9", "username": "u", "header_name": "X-Tenant"},
    }  # fmt: skip
    made = admin_api.post("/api/v1/sources/", body, format="json")
    assert made.status_code == 201, made.data
    assert "hush" not in str(made.data)
    address = f"/api/v1/sources/{made.data['id']}/"
    admin_api.patch(address, {"enabled": False}, format="json")
    source = Source.objects.get()
    assert source.secrets[secret] == "hush"
    assert "hush" not in f"{source.settings} {source.sealed}"
    assert admin_api.post(f"{address}probe/").data["well"] is False
    broken = admin_api.patch(address, {"settings": {"url": "ftp://x"}}, format="json")
    assert "settings" in broken.data["errors"]


def test_rules_are_checked_before_they_are_written(admin_api: APIClient, database: Service) -> None:
    body = {
        "services": ["orders-db"], "starts_at": "2026-11-02T00:00:00Z",
        "ends_at": "2026-11-01T00:00:00Z", "reason": "Move",
    }  # fmt: skip
    wrong = admin_api.post("/api/v1/maintenance-windows/", body, format="json")
    assert wrong.status_code == 400
    body["ends_at"] = "2026-11-03T00:00:00Z"
    made = admin_api.post("/api/v1/maintenance-windows/", body, format="json")
    assert (made.status_code, made.data["author"]) == (201, "root")
    assert admin_api.delete(f"/api/v1/maintenance-windows/{made.data['id']}/").status_code == 204
    policy = admin_api.get("/api/v1/tier-policies/").data["results"][0]
    address = f"/api/v1/tier-policies/{policy['id']}/"
    assert admin_api.patch(address, {"opens_after": 7}, format="json").data["opens_after"] == 7
