from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from incidents.catalogue.badge_keys import badge_path
from incidents.filing import file_incident, set_status
from incidents.models import Incident, Service

pytestmark = pytest.mark.django_db


def figures(api: APIClient) -> dict[tuple[str, ...], float]:
    answer = api.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_prometheus_reads_open_incidents_and_queues(
    api_client: Callable[..., APIClient], incident: Incident, user: User, other: User
) -> None:
    file_incident(title="Zebrafish", private=True, reporter=user, severity="SEV1")
    exported = figures(api_client("read"))
    assert exported["causebook_incidents_open", "SEV3", "orders-db"] == 1
    assert exported["causebook_incidents_open", "", "SEV1"] == 1
    assert exported["causebook_deliveries_waiting",] == 0
    assert exported["causebook_evidence_waiting",] == 0
    assert exported["causebook_answers_judged",] == 0
    theirs = figures(api_client("read", other))
    assert ("causebook_incidents_open", "", "SEV1") not in theirs
    assert theirs["causebook_incidents",] == 1


def test_without_a_token_there_are_no_metrics() -> None:
    assert APIClient().get("/metrics").status_code == 401


def test_grafana_gets_series_and_a_table(
    api_client: Callable[..., APIClient], incident: Incident, user: User
) -> None:
    set_status(incident, "resolved", user)
    api = api_client("read")
    assert api.get("/api/v1/grafana/").status_code == 200
    names = [row["value"] for row in api.post("/api/v1/grafana/metrics/").data]
    now = timezone.now()
    span = {"from": (now - timedelta(days=7)).isoformat(), "to": (now + timedelta(1)).isoformat()}
    body = {"range": span, "targets": [{"target": name} for name in names]}
    answer = api.post("/api/v1/grafana/query/", body, format="json")
    assert answer.status_code == 200
    series, *_, table = answer.data
    assert series["target"] == "Incidents a day"
    assert series["datapoints"][0][0] == 1
    assert table["rows"][0][1] == incident.reference
    wrong = api.post("/api/v1/grafana/query/", {"targets": []}, format="json")
    assert "range" in wrong.data["errors"]


def test_a_badge_needs_its_key_and_counts_public_incidents_only(
    client: Client, database: Service, user: User
) -> None:
    file_incident(title="x", services=[database], private=True, reporter=user, severity="SEV1")
    address = f"/badges/{database.pk}.svg"
    assert client.get(address).status_code == 404
    assert client.get(f"{address}?key=wrong").status_code == 404
    quiet = client.get(badge_path(database))
    assert "no incident" in quiet.content.decode()
    file_incident(title="y", services=[database], severity="SEV2")
    loud = client.get(badge_path(database)).content.decode()
    assert "1 open, SEV2" in loud


def test_a_badge_that_was_given_out_can_be_ended(
    client: Client, web: Client, api: APIClient, database: Service, other_service: Service
) -> None:
    given_out, of_another = badge_path(database), badge_path(other_service)
    renewed = api.post(f"/api/v1/services/{database.pk}/badge/").data["path"]
    assert client.get(given_out).status_code == 404
    assert client.get(renewed).status_code == 200
    assert client.get(of_another).status_code == 200, "each service has a key of its own"
    assert renewed in web.get(f"/services/{database.pk}/").content.decode()
    web.post(f"/services/{database.pk}/badge/")
    assert client.get(renewed).status_code == 404
    shown = api.get(f"/api/v1/services/{database.pk}/badge/").data["path"]
    assert client.get(shown)["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.fixture
def other_service() -> Service:
    return Service.objects.create(name="search")
