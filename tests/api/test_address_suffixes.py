"""Every address of the API takes the suffix of a format, and no number of a record is a sign."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Incident
from tests.addresses import address_of, routes

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
MISSING = 999_999_999


def test_every_address_with_any_suffix_answers_in_words(admin_client: Client) -> None:
    admin_client.raise_request_exception = False
    tried, broken = 0, []
    for route, callback in routes():
        if "<format>" not in route:
            continue
        for method in sorted(callback.actions if hasattr(callback, "actions") else ["get"]):
            for suffix in ("json", "csv") if method == "get" else ("json",):
                filled = re.sub(r"\(\?P<format>[^)]*\)", suffix, route)
                answer = admin_client.generic(
                    method.upper(), address_of(filled, MISSING), "{}", "application/json"
                )
                tried += 1
                if answer.status_code >= 500:
                    broken.append(f"{method} {filled}: {answer.status_code}")
    assert not broken
    assert tried > 250


def test_suffixes_lead_to_the_record(admin_api: APIClient, incident: Incident) -> None:
    plain = admin_api.get(f"/api/v1/incidents/{incident.pk}/timeline/").json()
    assert admin_api.get(f"/api/v1/incidents/{incident.pk}/timeline.json").json() == plain
    answer = admin_api.post(
        f"/api/v1/incidents/{incident.pk}/notes.json", {"text": "seen"}, format="json"
    )
    assert answer.status_code == 201
    assert admin_api.get(f"/api/v1/incidents/{incident.pk}/notes.xml").status_code in (404, 405)


def test_a_filter_by_number_does_not_say_which_numbers_exist(
    api: APIClient, django_user_model: Any
) -> None:
    hidden = file_incident(
        title="Leak", private=True, reporter=django_user_model.objects.create_superuser("boss")
    )
    tried = 0
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        if "{" in path or "stream" in path:
            continue
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["name"] in ("page_size", "seconds", "fields", "cursor", "limit"):
                continue
            found, none = (
                api.get(path, {parameter["name"]: number}) for number in (hidden.pk, MISSING)
            )
            tried += 1
            texts = [re.sub(rb"\b\d+\b", b"", each.content) for each in (found, none)]
            assert (found.status_code, texts[0]) == (none.status_code, texts[1]), (path, parameter)
    assert tried > 30
