"""Merging, splitting, importing and timelines by API."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service

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
