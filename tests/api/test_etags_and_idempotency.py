"""Edits that lose nothing: tags, keys for safe repeats, chosen fields, and acts by API."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Incident, Service

pytestmark = pytest.mark.django_db


def test_an_edit_of_a_record_that_changed_meanwhile_is_refused(
    api: APIClient, incident: Incident
) -> None:
    address = f"/api/v1/incidents/{incident.pk}/"
    tag = api.get(address)["ETag"]
    mine = api.patch(address, {"severity": "SEV1"}, format="json", HTTP_IF_MATCH=tag)
    assert mine.status_code == 200
    theirs = api.patch(address, {"severity": "SEV4"}, format="json", HTTP_IF_MATCH=tag)
    assert theirs.status_code == 412
    assert "read it again" in theirs.data["detail"]
    incident.refresh_from_db()
    assert incident.severity == "SEV1"
    again = api.patch(address, {"severity": "SEV4"}, format="json", HTTP_IF_MATCH=mine["ETag"])
    assert again.status_code == 200


def test_whoever_makes_an_incident_private_goes_on_seeing_it(
    api: APIClient, database: Service
) -> None:
    incident = file_incident(title="x", services=[database])
    address = f"/api/v1/incidents/{incident.pk}/"
    assert api.patch(address, {"private": True}, format="json").status_code == 200
    assert api.get(address).status_code == 200


def test_an_unchanged_record_is_not_sent_again(api: APIClient, incident: Incident) -> None:
    address = f"/api/v1/incidents/{incident.pk}/"
    tag = api.get(address)["ETag"]
    assert api.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 304
    assert api.get(f"{address}?fields=id")["ETag"] == tag
    api.post(f"{address}notes/", {"text": "no field of it"}, format="json")
    api.patch(address, {"title": "Another title"}, format="json")
    assert api.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 200


def test_a_repeated_post_creates_nothing_twice(api: APIClient) -> None:
    body, key = {"title": "orders-db CPU high"}, {"Idempotency-Key": "deploy-17"}
    first = api.post("/api/v1/incidents/", body, format="json", headers=key)
    again = api.post("/api/v1/incidents/", body, format="json", headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    other = api.post("/api/v1/incidents/", {"title": "Other"}, format="json", headers=key)
    assert other.status_code == 422
    assert Incident.objects.count() == 1


def test_a_refused_post_can_be_corrected_and_sent_with_the_same_key(api: APIClient) -> None:
    key = {"Idempotency-Key": "k"}
    assert api.post("/api/v1/incidents/", {}, format="json", headers=key).status_code == 400
    body = {"title": "Mended"}
    assert api.post("/api/v1/incidents/", body, format="json", headers=key).status_code == 201


def test_it_returns_only_the_requested_fields(api: APIClient, incident: Incident) -> None:
    rows = api.get("/api/v1/incidents/?fields=id,title").data["results"]
    assert rows == [{"id": incident.pk, "title": incident.title}]
    wrong = api.get("/api/v1/incidents/?fields=id,colour")
    assert wrong.status_code == 400
    assert "Unknown: colour" in str(wrong.data["errors"]["fields"])


def test_the_list_is_filtered_as_in_the_search_box(api: APIClient, incident: Incident) -> None:
    found = api.get("/api/v1/incidents/", {"q": "service:orders-db cpu -zebra"}).data["results"]
    assert [row["id"] for row in found] == [incident.pk]
    assert not api.get("/api/v1/incidents/", {"q": "cause:expiry"}).data["results"]
