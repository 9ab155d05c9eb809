"""Settings as files declare them: PUT by name creates or edits, and again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analysis.models import Source
from incidents.models import Integration, IntegrationSecret, Service, TierPolicy
from kb.models import Workspace
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


@pytest.mark.parametrize(
    ("kind", "body", "changed"),
    [
        ("chat-rules", {"workspace": 0, "events": ["incident.filed"]}, {"channel": "C0OPS"}),
        ("chat-channel-rules", {"workspace": 0}, {"severity": "SEV1"}),
        ("deploy-rules", {"pattern": "deploy-*", "kind": "config"}, {"branch": "main"}),
        ("heartbeats", {"pattern": "Watchdog*"}, {"interval": 10}),
    ],
)
def test_rules_have_names_and_are_put_by_them(
    manager: APIClient, kind: str, body: dict[str, Any], changed: dict[str, Any]
) -> None:
    slack = Workspace(kind="slack", name="Slack", settings={"workspace": "T1"})
    slack.secrets = {"secret": "hush", "bot_token": "xoxb-1"}
    slack.save()
    body = body | ({"workspace": slack.pk} if "workspace" in body else {})
    path = f"/api/v1/{kind}/named/ours/"
    assert manager.get(path).status_code == 404
    created = manager.put(path, body, format="json")
    assert (created.status_code, created.data["name"]) == (201, "ours"), created.data
    edited = manager.put(path, {**body, **changed}, format="json")
    assert edited.status_code == 200, edited.data
    assert edited.data == {**created.data, **changed}
    again = manager.put(path, {**body, **changed}, format="json")
    assert (again.data, again.headers["ETag"]) == (edited.data, edited.headers["ETag"])
    # Those without a name are many; of a name there is one.
    other = {name: value for name, value in body.items() if name != "kind"}
    if "pattern" in other:
        other["pattern"] = "else-*"
    assert manager.post(f"/api/v1/{kind}/", other, format="json").data["name"] == ""
    taken = manager.post(f"/api/v1/{kind}/", {**other, "name": "ours"}, format="json")
    assert (taken.status_code, list(taken.data["errors"])) == (400, ["name"]), taken.data
    slashed = manager.post(f"/api/v1/{kind}/", {**other, "name": "a/b"}, format="json")
    assert slashed.data["errors"] == {"name": ["Leave out the slash."]}


def test_a_rule_keeps_what_a_put_leaves_out(manager: APIClient) -> None:
    path = "/api/v1/deploy-rules/named/ours/"
    manager.put(path, {"pattern": "deploy-*", "kind": "config"}, format="json")
    assert manager.put(path, {"pattern": "ship-*"}, format="json").data["kind"] == "config"


def test_the_policy_of_a_tier_is_put_by_it_and_no_other_is_made(manager: APIClient) -> None:
    TierPolicy.objects.get_or_create(tier="core")
    count = TierPolicy.objects.count()
    path = "/api/v1/tier-policies/named/core/"
    assert manager.put(path, {"quiet_after": 9}, format="json").data["quiet_after"] == 9
    assert manager.get(path).data["quiet_after"] == 9
    unknown = manager.put("/api/v1/tier-policies/named/gold/", {}, format="json")
    assert (unknown.status_code, "Tiers are core" in str(unknown.data)) == (404, True)
    assert TierPolicy.objects.count() == count
