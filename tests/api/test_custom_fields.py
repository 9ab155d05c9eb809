"""Custom fields by API: definitions by name, values on incidents and services, filters."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from incidents.custom_field_definitions import save_field
from incidents.models import CustomField, Incident, Service
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"
REGION: dict[str, Any] = {"label": "Region", "kind": "choice", "choices": ["EU", "US"]}


@pytest.fixture
def manager(user: User) -> APIClient:
    give_role(user, Role.MANAGER)
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_a_definition_is_put_by_name_and_again_changes_nothing(manager: APIClient) -> None:
    path = f"{ROOT}/custom-fields/named/region/"
    created = manager.put(path, REGION, format="json")
    assert created.status_code == 201, created.data
    again = manager.put(path, REGION, format="json")
    assert (again.status_code, again.data) == (200, created.data)
    archived = manager.put(path, {**REGION, "archived": True}, format="json")
    assert archived.data["archived"] is True
    wrong = manager.put(path, {**REGION, "kind": "choice", "choices": []}, format="json")
    assert wrong.data["errors"] == {"choices": ["Name at least one choice."]}
    assert manager.delete(f"{ROOT}/custom-fields/{created.data['id']}/").status_code == 405


def test_values_are_filed_changed_cleared_and_filtered(manager: APIClient, user: User) -> None:
    save_field(CustomField(), user, name="region", **REGION)
    save_field(CustomField(), user, name="seats", label="Seats", kind="number")
    body: dict[str, Any] = {"title": "Slow", "custom_fields": {"region": "eu", "seats": 12}}
    filed = manager.post(f"{ROOT}/incidents/", body, format="json")
    assert filed.data["custom_fields"] == {"region": "EU", "seats": 12}
    manager.post(f"{ROOT}/incidents/", {"title": "Other"}, format="json")
    for query, count in {
        "field.region=EU": 1, "field.seats=>10": 1, "field.seats=<10": 0, "q=region:eu": 1,
        "q=-region:eu": 1, "q=seats:>=12 region:US": 0, "": 2,
    }.items():  # fmt: skip
        found = manager.get(f"{ROOT}/incidents/?{query}")
        assert len(found.data["results"]) == count, query
    path = f"{ROOT}/incidents/{filed.data['id']}/"
    changed = manager.patch(path, {"custom_fields": {"seats": None}}, format="json")
    assert changed.data["custom_fields"] == {"region": "EU"}
    wrong = manager.patch(path, {"custom_fields": {"seats": "many"}}, format="json")
    assert wrong.data["errors"] == {"seats": ["“many” is not a number such as 12 or 3.5."]}


def test_a_filter_that_means_nothing_is_refused(manager: APIClient, user: User) -> None:
    save_field(CustomField(), user, name="region", **REGION)
    unknown = manager.get(f"{ROOT}/incidents/?field.colour=red")
    assert unknown.data["errors"] == {"field.colour": ["There is no such custom field."]}
    assert manager.get(f"{ROOT}/services/?field.region=Mars").status_code == 400
    assert manager.get(f"{ROOT}/incidents/?field.%00=x").status_code == 400
    assert manager.get(f"{ROOT}/incidents/?field.region=%00").status_code == 400


def test_incidents_are_found_by_fields_of_their_services(manager: APIClient, user: User) -> None:
    save_field(CustomField(), user, name="region", belongs_to="services", **REGION)
    put = manager.put(
        f"{ROOT}/services/named/checkout/", {"custom_fields": {"region": "US"}}, format="json"
    )
    assert put.data["custom_fields"] == {"region": "US"}
    Service.objects.create(name="mail")
    named = [
        each["name"] for each in manager.get(f"{ROOT}/services/?field.region=us").data["results"]
    ]
    assert named == ["checkout"]
    body = {"title": "Slow", "services": ["checkout"]}
    manager.post(f"{ROOT}/incidents/", body, format="json")
    assert len(manager.get(f"{ROOT}/incidents/?q=region:US").data["results"]) == 1


def test_a_needed_field_is_required_and_only_managers_define_fields(
    manager: APIClient, user: User, other: User
) -> None:
    save_field(CustomField(), user, name="region", needed="filing", **REGION)
    refused = manager.post(f"{ROOT}/incidents/", {"title": "Slow"}, format="json")
    assert refused.data["errors"] == {"region": ["Enter “Region”: it is needed."]}
    editor = APIClient()
    editor.force_authenticate(other)
    assert len(editor.get(f"{ROOT}/custom-fields/").data["results"]) == 1
    body = {"label": "Colour"}
    assert editor.put(f"{ROOT}/custom-fields/named/colour/", body, format="json").status_code == 403


def test_what_is_needed_to_resolve_is_listed_and_refused_by_name(
    manager: APIClient, user: User, incident: Incident
) -> None:
    save_field(CustomField(), user, name="region", needed_to_resolve=True, **REGION)
    path = f"{ROOT}/incidents/{incident.pk}/"
    assert manager.get(path).data["unset_fields"] == ["region"]
    refused = manager.patch(path, {"status": "resolved"}, format="json")
    assert refused.data["errors"] == {
        "region": ["Set “Region” first: it is needed to resolve an incident."]
    }
    body = {"status": "resolved", "custom_fields": {"region": "EU"}}
    assert manager.patch(path, body, format="json").data["unset_fields"] == []
