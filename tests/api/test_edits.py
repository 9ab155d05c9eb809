"""Edits that lose nothing: tags, keys for safe repeats, chosen fields, and acts by API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service
from kb.causes.linking import name_cause
from kb.models import ActionItem, Cause, Postmortem

pytestmark = pytest.mark.django_db


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(
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


def test_who_makes_an_incident_private_may_lose_sight_of_it_but_is_answered(
    api: APIClient, database: Service
) -> None:
    incident = file_incident(title="x", services=[database])
    address = f"/api/v1/incidents/{incident.pk}/"
    assert api.patch(address, {"private": True}, format="json").status_code == 200
    assert api.get(address).status_code == 404


def test_what_did_not_change_is_not_sent_again(api: APIClient, incident: Incident) -> None:
    address = f"/api/v1/incidents/{incident.pk}/"
    tag = api.get(address)["ETag"]
    assert api.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 304
    assert api.get(f"{address}?fields=id")["ETag"] == tag
    api.post(f"{address}notes/", {"text": "no field of it"}, format="json")
    api.patch(address, {"title": "Another title"}, format="json")
    assert api.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 200


def test_a_repeated_creation_makes_nothing_twice(api: APIClient) -> None:
    body, key = {"title": "orders-db CPU high"}, {"HTTP_IDEMPOTENCY_KEY": "deploy-17"}
    first = api.post("/api/v1/incidents/", body, format="json", **key)
    again = api.post("/api/v1/incidents/", body, format="json", **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    other = api.post("/api/v1/incidents/", {"title": "Other"}, format="json", **key)
    assert other.status_code == 422
    assert Incident.objects.count() == 1


def test_a_refused_creation_may_be_mended_and_sent_with_its_key(api: APIClient) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "k"}
    assert api.post("/api/v1/incidents/", {}, format="json", **key).status_code == 400
    body = {"title": "Mended"}
    assert api.post("/api/v1/incidents/", body, format="json", **key).status_code == 201


def test_only_the_fields_asked_for_come(api: APIClient, incident: Incident) -> None:
    rows = api.get("/api/v1/incidents/?fields=id,title").data["results"]
    assert rows == [{"id": incident.pk, "title": incident.title}]
    wrong = api.get("/api/v1/incidents/?fields=id,colour")
    assert wrong.status_code == 400
    assert "Unknown: colour" in str(wrong.data["errors"]["fields"])


def test_the_list_is_filtered_as_in_the_search_box(api: APIClient, incident: Incident) -> None:
    found = api.get("/api/v1/incidents/", {"q": "service:orders-db cpu -zebra"}).data["results"]
    assert [row["id"] for row in found] == [incident.pk]
    assert not api.get("/api/v1/incidents/", {"q": "cause:expiry"}).data["results"]


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


def test_a_history_comes_in_by_one_request(api: APIClient) -> None:
    rows = [
        {"id": "a1", "title": "Disk full", "started_at": "2026-03-01T10:00:00Z"},
        {"id": "a2", "title": "", "started_at": "2026-03-01T10:00:00Z"},
    ]
    body = {"source": "old tool", "rows": rows}
    dry = api.post("/api/v1/incidents/import/", {**body, "dry_run": True}, format="json").data
    assert (dry["new"], Incident.objects.count()) == (1, 0)
    told = api.post("/api/v1/incidents/import/", body, format="json").data
    assert (told["new"], [row["row"] for row in told["refused"]]) == (1, [2])
    assert api.post("/api/v1/incidents/import/", body, format="json").data["known"] == 1


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
    api: APIClient, incident: Incident, user: AbstractUser
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
    told = api.get(f"/api/v1/incidents/{again.pk}/past_incidents/?limit=3").json()
    assert (told["total"], told["limit"]) == (1, 3)
    past = told["past_incidents"][0]
    assert past["incident"]["id"] == incident.reference
    assert past["incident"]["self"].endswith(f"/api/v1/incidents/{incident.pk}/")
    assert past["root_cause"] == "Missing index"
    assert 0 < past["score"] <= 100
    assert past["reasons"]
    assert api.get(f"/api/v1/incidents/{again.pk}/past_incidents/?limit=99").status_code == 400


def test_same_causes_chains_and_citations(
    api: APIClient, incident: Incident, database: Service, user: AbstractUser
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
    api: APIClient, asking: Any, incident: Incident, other: AbstractUser
) -> None:
    made = api.post("/api/v1/postmortems/", {"incidents": [incident.pk]}, format="json").data
    address = f"/api/v1/postmortems/{made['id']}/"
    asked = api.post(f"{address}reviews/", {"reviewer": other.username}, format="json")
    assert (asked.status_code, asked.data[0]["reviewer"]) == (201, other.username)
    assert api.post(f"{address}review/", {"state": "approved"}, format="json").status_code == 404
    theirs = asking("file", other)
    answer = theirs.post(f"{address}review/", {"state": "approved"}, format="json")
    assert answer.data["state"] == "approved"
    assert theirs.post(f"{address}comments/", {"text": "Fine"}, format="json").status_code == 201
    lost = {"text": "What?", "passage": "words that stand nowhere"}
    assert theirs.post(f"{address}comments/", lost, format="json").status_code == 400
    assert [row["text"] for row in api.get(f"{address}comments/").data] == ["Fine"]


def test_chat_workspaces_and_rules(admin_api: APIClient) -> None:
    body: dict[str, Any] = {"kind": "slack", "name": "Ours", "secrets": {"secret": "hush-hush"}}
    made = admin_api.post("/api/v1/chat-workspaces/", body, format="json")
    assert made.status_code == 201, made.data
    assert "hush" not in str(made.data)
    rule = {"workspace": made.data["id"], "channel": "C1", "events": ["incident.filed"]}
    assert admin_api.post("/api/v1/chat-rules/", rule, format="json").status_code == 201
    wrong = admin_api.post("/api/v1/chat-rules/", {**rule, "zone": "Mars"}, format="json")
    assert "zone" in wrong.data["errors"]
    assert admin_api.get("/api/v1/chat-tellings/").data["results"] == []
    none = admin_api.post("/api/v1/chat-workspaces/", {"kind": "slack", "name": "B"}, format="json")
    assert "settings" in none.data["errors"]


def test_timelines_are_written_pinned_and_edited(api: APIClient, incident: Incident) -> None:
    note = {"text": "Failover begun", "at": "2026-11-01T03:04:00Z"}
    made = api.post(f"/api/v1/incidents/{incident.pk}/notes/", note, format="json").data
    address = f"/api/v1/timeline-entries/{made['id']}/"
    pinned = api.patch(address, {"pinned": True, "text": "Failover began"}, format="json").data
    assert (pinned["pinned"], pinned["text"]) == (True, "Failover began")
    assert pinned["edited_at"]


def test_search_reports_gaps_and_groups_answer(api: APIClient, incident: Incident) -> None:
    found = api.get("/api/v1/search/", {"q": "orders-db"}).data
    assert [row["id"] for row in found["incidents"]] == [incident.pk]
    assert api.get("/api/v1/search/").status_code == 400
    assert api.get("/api/v1/reports/").data["incidents"] == 1
    assert api.get("/api/v1/reports/", {"since": "2027-01-01"}).status_code == 400
    gaps = api.get("/api/v1/gaps/").data
    assert [row["name"] for row in gaps["services_without_cause"]] == ["orders-db"]
    assert api.get("/api/v1/groups-without-cause/").data == []


def test_an_integration_and_its_secret(admin_api: APIClient, database: Service) -> None:
    body = {"kind": "alertmanager", "name": "Alertmanager", "service": "orders-db"}
    made = admin_api.post("/api/v1/integrations/", body, format="json")
    assert made.status_code == 201
    listed = admin_api.get("/api/v1/integrations/").data["results"][0]
    assert "secret" not in listed
    hook = APIClient()
    alert = {
        "alerts": [
            {
                "status": "firing", "fingerprint": "f", "labels": {"alertname": "Down"},
                "startsAt": "2026-11-01T03:04:00Z",
            }
        ]
    }  # fmt: skip
    taken = hook.post(
        made.data["path"], alert, format="json",
        HTTP_AUTHORIZATION=f"Bearer {made.data['secret']}",
    )  # fmt: skip
    assert taken.status_code == 202
    deliveries = admin_api.get("/api/v1/deliveries/").data["results"]
    assert len(deliveries) == 1
    wrong = admin_api.post("/api/v1/integrations/", {**body, "kind": "fax"}, format="json")
    assert "kind" in wrong.data["errors"]


def test_a_source_keeps_its_secret_to_itself(admin_api: APIClient) -> None:
    body: dict[str, Any] = {
        "name": "Prom", "kind": "prometheus",
        "settings": {"url": "http://127.0.0.1:9"}, "secrets": {"password": "hush"},
    }  # fmt: skip
    made = admin_api.post("/api/v1/sources/", body, format="json")
    assert made.status_code == 201, made.data
    assert "hush" not in str(made.data)
    address = f"/api/v1/sources/{made.data['id']}/"
    admin_api.patch(address, {"enabled": False}, format="json")
    from analysis.models import Source

    assert Source.objects.get().secrets["password"] == "hush"
    assert admin_api.post(f"{address}probe/").data["well"] is False
    broken = admin_api.patch(address, {"settings": {"url": "ftp://x"}}, format="json")
    assert "settings" in broken.data["errors"]


def test_rules_are_checked_before_they_are_written(admin_api: APIClient, database: Service) -> None:
    body = {
        "services": ["orders-db"], "starts_at": "2026-11-02T00:00:00Z",
        "ends_at": "2026-11-01T00:00:00Z", "reason": "Move",
    }  # fmt: skip
    wrong = admin_api.post("/api/v1/maintenance-windows/", body, format="json")
    assert wrong.status_code == 400
    body["ends_at"] = "2026-11-03T00:00:00Z"
    made = admin_api.post("/api/v1/maintenance-windows/", body, format="json")
    assert (made.status_code, made.data["author"]) == (201, "root")
    assert admin_api.delete(f"/api/v1/maintenance-windows/{made.data['id']}/").status_code == 204
    policy = admin_api.get("/api/v1/tier-policies/").data["results"][0]
    address = f"/api/v1/tier-policies/{policy['id']}/"
    assert admin_api.patch(address, {"opens_after": 7}, format="json").data["opens_after"] == 7
