"""Merging, splitting, importing and timelines by API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db


def test_merging_and_splitting(api: APIClient, incident: Incident, database: Service) -> None:
    other = file_incident(title="orders-db slow", services=[database])
    alerts = [
        Alert.objects.create(
            source="test", fingerprint=f"f{n}", name=f"Alert{n}", incident=other,
            starts_at=other.impact_started_at,
        )
        for n in range(2)
    ]  # fmt: skip
    address = f"/api/v1/incidents/{incident.pk}/"
    assert api.post(f"{address}merge/", {"other": other.pk}, format="json").status_code == 200
    assert api.get(f"/api/v1/incidents/{other.pk}/").data["merged_into"] == incident.pk
    split = api.post(f"{address}split/", {"alerts": [alerts[0].pk]}, format="json")
    assert (split.status_code, split.data["title"]) == (201, "Alert0")


def test_one_request_imports_a_history(admin_api: APIClient) -> None:
    rows = [
        {"id": "a1", "title": "Disk full", "started_at": "2026-03-01T10:00:00Z"},
        {"id": "a2", "title": "", "started_at": "2026-03-01T10:00:00Z"},
    ]
    body = {"source": "old tool", "rows": rows}
    dry = admin_api.post("/api/v1/incidents/import/", {**body, "dry_run": True}, format="json").data
    assert (dry["new"], Incident.objects.count()) == (1, 0)
    report = admin_api.post("/api/v1/incidents/import/", body, format="json").data
    assert (report["new"], [row["row"] for row in report["refused"]]) == (1, [2])
    assert admin_api.post("/api/v1/incidents/import/", body, format="json").data["known"] == 1


def test_timelines_are_written_pinned_and_edited(api: APIClient, incident: Incident) -> None:
    note = {"text": "Failover begun", "at": "2026-11-01T03:04:00Z"}
    made = api.post(f"/api/v1/incidents/{incident.pk}/notes/", note, format="json").data
    address = f"/api/v1/timeline-entries/{made['id']}/"
    pinned = api.patch(address, {"pinned": True, "text": "Failover began"}, format="json").data
    assert (pinned["pinned"], pinned["text"]) == (True, "Failover began")
    assert pinned["edited_at"]


@pytest.fixture
def colleague(db: None) -> User:
    person = User.objects.create_user("colleague")
    give_role(person, Role.RESPONDER)
    return person


def test_the_api_acknowledges_and_names_the_people(
    api: APIClient, incident: Incident, user: User, colleague: User
) -> None:
    address = f"/api/v1/incidents/{incident.pk}/"
    assert api.post(f"{address}acknowledge/").data["owner"] == user.username
    assert api.patch(address, {"owner": "colleague"}, format="json").data["owner"] == "colleague"
    assert api.patch(address, {"owner": "no-one"}, format="json").status_code == 400
    assert api.get("/api/v1/incidents/", {"owner": "colleague"}).data["results"]
    body = {"part": "responder", "person": "colleague"}
    api.post(f"{address}people/", body, format="json")
    people = api.post(f"{address}people/", {"part": "watcher"}, format="json").data
    assert people == {
        "owner": "colleague",
        "responders": ["colleague"],
        "watchers": [user.username],
    }
    api.post(f"{address}people/", {**body, "remove": True}, format="json")
    assert api.get(f"{address}people/").data["responders"] == []
    wrong = api.post(f"{address}people/", {"part": "boss"}, format="json")
    assert "part" in wrong.data["errors"]


def test_an_incident_is_filed_with_its_owner(api: APIClient, colleague: User) -> None:
    filed = api.post(
        "/api/v1/incidents/", {"title": "Disk full", "owner": "colleague"}, format="json"
    )
    assert (filed.status_code, filed.data["owner"]) == (201, "colleague")


def test_by_what_senders_find_an_incident_again_is_changed_only_by_who_may_import(
    api: APIClient, admin_api: APIClient, user: User
) -> None:
    incident = file_incident(
        title="Slow", reporter=user, external_source="jira", external_id="OPS-1"
    )
    address = f"/api/v1/incidents/{incident.pk}/"
    changes = {"external_source": "x", "external_id": "OPS-2", "external_url": "https://x.example"}
    for field, value in changes.items():
        refused = api.patch(address, {field: value}, format="json")
        assert refused.status_code == 403
        assert "import" in refused.json()["detail"]
        incident.refresh_from_db()
        assert getattr(incident, field) != value
        assert admin_api.patch(address, {field: value}, format="json").status_code == 200
