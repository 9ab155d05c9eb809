"""Causes, postmortems, chains and reviews by API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.causes.linking import name_cause
from kb.models import ActionItem, Cause, Postmortem

pytestmark = pytest.mark.django_db


def test_a_cause_is_fixed_split_merged_and_superseded(
    api: APIClient, incident: Incident, database: Service
) -> None:
    cause = api.post("/api/v1/causes/", {"name": "Missing index"}, format="json").data
    address = f"/api/v1/causes/{cause['id']}/"
    assert api.post(f"{address}fixed/", {"note": "Index made"}, format="json").data["fixed_at"]
    links = []
    for row in (incident, file_incident(title="slow again", services=[database])):
        body = {"incident": row.pk, "cause": cause["id"], "state": "suspected"}
        links.append(api.post("/api/v1/cause-links/", body, format="json").data["id"])
    split = {"name": "Stale statistics", "links": links[:1]}
    made = api.post(f"{address}split/", split, format="json")
    assert made.status_code == 201
    body = {"other": made.data["id"]}
    assert api.post(f"{address}merge/", body, format="json").status_code == 200
    assert Cause.objects.get(pk=made.data["id"]).superseded_by_id == cause["id"]
    assert api.get("/api/v1/causes/", {"q": "index"}).data["results"][0]["id"] == cause["id"]


def test_a_postmortem_from_its_start_to_its_file(
    api: APIClient, incident: Incident, user: User
) -> None:
    made = api.post("/api/v1/postmortems/", {"incidents": [incident.pk]}, format="json")
    assert made.status_code == 201
    assert incident.title in made.data["body"]
    address = f"/api/v1/postmortems/{made.data['id']}/"
    body = {"body": "It was the index.", "version": made.data["version"]}
    assert api.patch(address, body, format="json").status_code == 200
    late = api.patch(address, {**body, "body": "Something else."}, format="json")
    assert late.status_code == 409
    assert Postmortem.objects.get().body == "It was the index."
    action = {"title": "Make the index", "postmortem": made.data["id"], "owner": user.username}
    assert api.post("/api/v1/actions/", action, format="json").status_code == 201
    assert ActionItem.objects.get().owner == user
    assert api.post(f"{address}publish/").data["state"] == "published"
    file = api.get(f"{address}as/markdown/")
    assert "It was the index." in file.content.decode()
    assert api.get(f"{address}as/stone/").status_code == 400


def test_past_incidents_in_the_shape_scripts_know(
    api: APIClient, incident: Incident, database: Service
) -> None:
    again = file_incident(title="orders-db CPU at 97 %", services=[database])
    cause = api.post("/api/v1/causes/", {"name": "Missing index"}, format="json").data
    link = {"incident": incident.pk, "cause": cause["id"], "state": "confirmed"}
    api.post("/api/v1/cause-links/", link, format="json")
    page = api.get(f"/api/v1/incidents/{again.pk}/past_incidents/?limit=3").json()
    assert (page["total"], page["limit"]) == (1, 3)
    past = page["past_incidents"][0]
    assert past["incident"]["id"] == incident.reference
    assert past["incident"]["self"].endswith(f"/api/v1/incidents/{incident.pk}/")
    assert past["root_cause"] == "Missing index"
    assert 0 < past["score"] <= 100
    assert past["reasons"]
    assert api.get(f"/api/v1/incidents/{again.pk}/past_incidents/?limit=99").status_code == 400


def test_same_causes_chains_and_citations(
    api: APIClient, incident: Incident, database: Service, user: User
) -> None:
    for name in ("Missing index", "Stale statistics"):
        name_cause(incident, name, author=user)
    later, earlier = incident.causes.order_by("name")
    again = file_incident(title="slow again", services=[database])
    address = f"/api/v1/incidents/{again.pk}/"
    same = api.post(f"{address}same_as/", {"other": incident.pk}, format="json")
    assert {row["cause"] for row in same.data} == {earlier.pk, later.pk}
    chain = {"earlier": earlier.pk, "later": later.pk}
    assert api.post(f"{address}chain/", chain, format="json").status_code == 201
    assert api.get(f"{address}chain/").data == [chain]
    back = {"earlier": later.pk, "later": earlier.pk}
    assert api.post(f"{address}chain/", back, format="json").status_code == 400
    cited = {"link": same.data[0]["id"], "title": "Chart", "path": again.get_absolute_url()}
    assert api.post(f"{address}citations/", cited, format="json").status_code == 201
    away = {**cited, "path": "https://elsewhere.example/"}
    assert api.post(f"{address}citations/", away, format="json").status_code == 400
    assert [row["title"] for row in api.get(f"{address}citations/").data] == ["Chart"]


def test_reviews_and_comments_of_a_postmortem(
    api: APIClient, api_client: Any, incident: Incident, other: User
) -> None:
    made = api.post("/api/v1/postmortems/", {"incidents": [incident.pk]}, format="json").data
    address = f"/api/v1/postmortems/{made['id']}/"
    requested = api.post(f"{address}reviews/", {"reviewer": other.username}, format="json")
    assert (requested.status_code, requested.data[0]["reviewer"]) == (201, other.username)
    assert api.post(f"{address}review/", {"state": "approved"}, format="json").status_code == 404
    theirs = api_client("file", other)
    answer = theirs.post(f"{address}review/", {"state": "approved"}, format="json")
    assert answer.data["state"] == "approved"
    assert theirs.post(f"{address}comments/", {"text": "Fine"}, format="json").status_code == 201
    lost = {"text": "What?", "passage": "words that occur nowhere"}
    assert theirs.post(f"{address}comments/", lost, format="json").status_code == 400
    assert [row["text"] for row in api.get(f"{address}comments/").data] == ["Fine"]


def test_search_reports_gaps_and_groups_answer(api: APIClient, incident: Incident) -> None:
    found = api.get("/api/v1/search/", {"q": "orders-db"}).data
    assert [row["id"] for row in found["incidents"]] == [incident.pk]
    assert api.get("/api/v1/search/").status_code == 400
    assert api.get("/api/v1/reports/").data["incidents"] == 1
    assert api.get("/api/v1/reports/", {"since": "2027-01-01"}).status_code == 400
    gaps = api.get("/api/v1/gaps/").data
    assert [row["name"] for row in gaps["services_without_cause"]] == ["orders-db"]
    assert api.get("/api/v1/groups-without-cause/").data == []
