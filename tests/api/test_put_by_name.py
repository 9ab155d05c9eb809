"""Settings as files declare them: PUT by name creates or edits, and again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analysis.models import Source
from incidents.models import Integration, IntegrationSecret, Service
from people.membership import give_role
from people.models import Role
from practice.models import Slo

pytestmark = pytest.mark.django_db
SERVICE = {"tier": "core", "description": "Takes orders"}
PROMETHEUS = {"kind": "prometheus", "settings": {"url": "http://127.0.0.1:9090"}}
TRACKER = {
    "kind": "jira",
    "settings": {
        "url": "https://example.atlassian.net",
        "project": "OPS",
        "email": "a@example.com",
    },
    "secrets": {"token": "hush"},
}
OBJECTIVE = {
    "target": 99.9,
    "window": "28d",
    "counts": "good",
    "numerator": "sum(rate(ok[$window]))",
    "total": "sum(rate(all[$window]))",
}


@pytest.fixture
def manager(user: User) -> APIClient:
    give_role(user, Role.ADMINISTRATOR)
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.mark.parametrize(
    ("address", "body", "changed"),
    [
        ("services/named/orders-db", SERVICE, {"tier": "normal"}),
        ("sources/named/Prometheus of the shop", PROMETHEUS, {"enabled": False}),
        ("integrations/named/alerts", {"kind": "alertmanager"}, {"enabled": False}),
        ("trackers/named/Jira", TRACKER, {"enabled": False}),
        ("slos/named/checkout/availability", OBJECTIVE, {"target": 99.5}),
    ],
)
def test_it_creates_then_edits_then_changes_nothing(
    manager: APIClient, address: str, body: dict[str, Any], changed: dict[str, Any]
) -> None:
    Service.objects.create(name="checkout")
    path = f"/api/v1/{address}/"
    assert manager.get(path).status_code == 404
    created = manager.put(path, body, format="json")
    assert created.status_code == 201, created.data
    assert created.data["name"] == address.rpartition("/")[2]
    edited = manager.put(path, {**body, **changed}, format="json")
    assert edited.status_code == 200, edited.data
    assert edited.data["id"] == created.data["id"]
    assert {name: edited.data[name] for name in changed} == changed
    again = manager.put(path, {**body, **changed}, format="json")
    assert (again.data, again.headers["ETag"]) == (edited.data, edited.headers["ETag"])
    found = manager.get(path)
    assert (found.data, found.headers["ETag"]) == (edited.data, edited.headers["ETag"])


def test_fields_that_are_left_out_stay_as_they_are(manager: APIClient) -> None:
    manager.put("/api/v1/services/named/orders-db/", SERVICE, format="json")
    manager.put("/api/v1/services/named/orders-db/", {"tier": "normal"}, format="json")
    row = Service.objects.get()
    assert (row.tier, row.description) == ("normal", "Takes orders")


def test_the_name_is_that_of_the_address(manager: APIClient) -> None:
    body = {**SERVICE, "name": "another"}
    assert manager.put("/api/v1/services/named/orders-db/", body, format="json").status_code == 201
    assert list(Service.objects.values_list("name", flat=True)) == ["orders-db"]


def test_the_secret_of_an_integration_is_shown_when_it_is_created_alone(manager: APIClient) -> None:
    path = "/api/v1/integrations/named/alerts/"
    created = manager.put(path, {"kind": "alertmanager"}, format="json").data
    assert created["secret"]
    assert "secret" not in manager.put(path, {"kind": "alertmanager"}, format="json").data
    assert Integration.objects.count() == IntegrationSecret.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"tier": "gold"}, "tier"), ([1], None), ({"depends_on": ["no"]}, "depends_on")],
)
def test_what_is_wrong_is_named_and_creates_nothing(
    manager: APIClient, body: Any, field: str | None
) -> None:
    answer = manager.put("/api/v1/services/named/orders-db/", body, format="json")
    assert answer.status_code == 400
    assert field is None or field in answer.data["errors"]
    assert not Service.objects.exists()


def test_who_may_not_manage_sources_neither_reads_nor_writes_them(user: User) -> None:
    client = APIClient()
    client.force_authenticate(user)
    Source.objects.create(name="ours", kind="prometheus")
    for method in (client.get, client.put):
        assert method("/api/v1/sources/named/ours/").status_code == 403
    assert client.put("/api/v1/slos/named/a/b/", OBJECTIVE, format="json").status_code == 403
    assert not Slo.objects.exists()


def test_a_number_is_still_no_address_of_a_put(manager: APIClient) -> None:
    made = manager.put("/api/v1/services/named/orders-db/", SERVICE, format="json").data
    assert manager.put(f"/api/v1/services/{made['id']}/", SERVICE, format="json").status_code == 405
