"""Importing history through the API: how times are written, what was guessed, what is unknown."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents.models import Incident

pytestmark = pytest.mark.django_db

ROW = {"id": "1", "title": "Search slow", "Created At": "03/05/2026 10:04", "severity": "purple"}


def test_rows_are_read_in_the_stated_zone_and_order_and_remarks_are_counted(
    admin_api: APIClient,
) -> None:
    body = {"source": "sheet", "rows": [ROW, {**ROW, "id": "2"}]}
    refused = admin_api.post("/api/v1/incidents/import/", body, format="json").json()
    assert refused["new"] == 0
    assert "day or the month first" in refused["refused"][0]["why"]

    body |= {"zone": "Europe/Berlin", "dates": "month-first"}
    answer = admin_api.post("/api/v1/incidents/import/", body, format="json").json()
    assert (answer["new"], answer["refused"]) == (2, [])
    notes = {each["note"]: each["count"] for each in answer["notes"]}
    assert notes["the severity 'purple' is unknown, SEV3 is used"] == 2
    incident = Incident.objects.get(external_id="1")
    assert f"{incident.impact_started_at:%Y-%m-%d %H:%M}" == "2026-03-05 09:04"
    assert (incident.status, list(incident.guessed_times)) == ("resolved", ["resolved_at"])

    for wrong in ({"zone": "Mars"}, {"dates": "year-first"}):
        answered = admin_api.post("/api/v1/incidents/import/", {**body, **wrong}, format="json")
        assert answered.status_code == 400
        assert next(iter(wrong)) in answered.json()["errors"]


def test_a_time_that_a_person_sets_is_no_longer_guessed(admin_api: APIClient) -> None:
    rows = [{"id": "1", "title": "Search slow", "started_at": "2026-03-05"}]
    admin_api.post("/api/v1/incidents/import/", {"source": "sheet", "rows": rows}, format="json")
    incident = Incident.objects.get()
    path = f"/api/v1/incidents/{incident.pk}/"
    assert set(admin_api.get(path).json()["guessed_times"]) == {"impact_started_at", "resolved_at"}
    admin_api.patch(path, {"resolved_at": "2026-03-05T11:06:00Z"}, format="json")
    assert list(admin_api.get(path).json()["guessed_times"]) == ["impact_started_at"]
    admin_api.patch(path, {"guessed_times": {}}, format="json")
    assert list(admin_api.get(path).json()["guessed_times"]) == ["impact_started_at"]


@pytest.mark.parametrize(
    ("state", "status"),
    [("Open", "investigating"), ("In Progress", "investigating"), ("Monitoring", "mitigated"),
     ("Closed", "resolved"), ("Erledigt", "resolved"), ("", "resolved")],
)  # fmt: skip
def test_a_row_without_an_end_is_open_only_if_its_state_says_so(
    admin_api: APIClient, state: str, status: str
) -> None:
    row = {"id": "1", "title": "Search slow", "started_at": "2026-03-05T10:04Z", "state": state}
    admin_api.post("/api/v1/incidents/import/", {"source": "sheet", "rows": [row]}, format="json")
    assert Incident.objects.get().status == status
