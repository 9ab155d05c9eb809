from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from rest_framework.test import APIClient

from config.wsgi import application
from incidents.models import Incident, Service
from incidents.tokens import create_token

pytestmark = pytest.mark.django_db


def test_without_a_token_every_request_is_refused() -> None:
    answer = APIClient().get("/api/v1/incidents/")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_incident_is_filed_read_and_moved(api: APIClient, database: Service) -> None:
    body = {"title": "orders-db CPU high", "services": ["orders-db"], "severity": "SEV2"}
    filed = api.post("/api/v1/incidents/", body, format="json")
    assert filed.status_code == 201
    address = f"/api/v1/incidents/{filed.data['id']}/"
    moved = api.patch(address, {"status": "resolved", "resolution": "Index"}, format="json")
    assert moved.data["resolved_at"]
    assert api.get(address).data["reference"] == filed.data["reference"]
    kinds = [entry["kind"] for entry in api.get(address + "timeline/").data]
    assert kinds[0] == "filed"
    assert "status" in kinds


def test_it_names_the_field_and_what_to_change_for_bad_input(
    api: APIClient, database: Service
) -> None:
    answer = api.post("/api/v1/incidents/", {"title": "", "services": ["nowhere"]}, format="json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.data["errors"]) == {"title", "services"}
    assert not Incident.objects.exists()


def test_suggestions_by_number_and_by_text(api: APIClient, incident: Incident) -> None:
    assert api.get(f"/api/v1/suggestions/{incident.pk}/").data["nothing_alike"] is True
    body = {"title": "orders-db CPU at 95 %"}
    found = api.post("/api/v1/suggestions/", body, format="json").data
    assert found["incidents"][0]["reference"] == incident.reference
    assert found["incidents"][0]["reasons"]


def test_a_service_name_no_database_can_hold_is_refused_not_a_server_error(
    api: APIClient,
) -> None:
    for path in ("/api/v1/incidents/", "/api/v1/suggestions/"):
        answer = api.post(path, {"title": "Slow", "services": ["a\x00b"]}, format="json")
        assert answer.status_code == 400, path
        assert "Null characters" in str(answer.data["errors"]["services"])


def test_causes_and_links(api: APIClient, incident: Incident) -> None:
    cause = api.post("/api/v1/causes/", {"name": "Missing index"}, format="json").data
    again = api.post("/api/v1/causes/", {"name": "missing INDEX"}, format="json")
    assert again.status_code == 400
    body = {"incident": incident.pk, "cause": cause["id"], "state": "confirmed"}
    link = api.post("/api/v1/cause-links/", body, format="json")
    assert (link.status_code, link.data["author"]) == (201, "oncall")
    assert api.delete(f"/api/v1/cause-links/{link.data['id']}/").status_code == 204
    assert not incident.cause_links.exists()


def test_lists_are_paged_and_filtered(api: APIClient, database: Service) -> None:
    for number in range(3):
        body = {"title": f"Number {number}", "severity": "SEV1" if number else "SEV4"}
        api.post("/api/v1/incidents/", body, format="json")
    first = api.get("/api/v1/incidents/", {"page_size": 2}).data
    assert len(first["results"]) == 2
    assert len(api.get(first["next"]).data["results"]) == 1
    assert len(api.get("/api/v1/incidents/", {"severity": "SEV1"}).data["results"]) == 2


@pytest.fixture
def served(db: None) -> Iterator[Any]:
    """The schema as served; requests through WSGI must leave the test's own connection open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    for signal in signals:
        signal.connect(close_old_connections)


def test_every_response_matches_the_schema(served: Any, user: User) -> None:
    user.is_staff = user.is_superuser = True
    user.save()
    headers = {"Authorization": f"Bearer {create_token(user, 'test', 'admin')[1]}"}
    requests_made = 0

    def check(case: Any) -> None:
        nonlocal requests_made
        requests_made += 1
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=[schemathesis.checks.not_a_server_error, *_SHAPES])

    for result in served.get_all_operations():
        strategy = result.ok().as_strategy()
        settings(**_QUICK)(given(case=strategy)(check))()
    assert requests_made > 100


_QUICK: dict[str, Any] = {
    "max_examples": int(os.environ.get("CAUSEBOOK_TEST_EXAMPLES", "3")),
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}
_SHAPES = [
    check
    for check in schemathesis.checks.CHECKS.get_all()
    if check.__name__ == "response_schema_conformance"
]
