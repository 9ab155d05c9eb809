"""Rules and people say what counts; pages, API, chat, evidence and suspects respect it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Change, DeployRule, Service
from incidents.suspect_changes import candidate_changes
from incidents.timeline import full_timeline
from incidents.tokens import create_token
from tests.incidents.webhooks.change_requests import Sender, outcomes_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(user: User) -> APIClient:
    client = APIClient()
    text = create_token(user, "test", "file")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def admin_api(django_user_model: Any) -> APIClient:
    client = APIClient()
    text = create_token(django_user_model.objects.create_superuser("root"), "test", "admin")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def own(title: str, **more: str) -> dict[str, str]:
    return {"service": "orders-db", "title": title, **more}


def test_rules_by_job_environment_and_branch_decide_before_the_default(database: Service) -> None:
    DeployRule.objects.create(pattern="*", environment="qa-*, perf", counts="yes")
    DeployRule.objects.create(pattern="*", branch="release/*", counts="no")
    DeployRule.objects.create(pattern="nightly*", counts="no")
    DeployRule.objects.create(pattern="canary", environment="production", ignore=True)
    sender = Sender("change")
    changes = sender.deliver(
        own("a", environment="qa-3"),
        own("b", environment="QA-4", branch="main"),
        own("c", branch="release/2026.6"),
        own("d", job="nightly"),
        own("e", environment="production"),
        own("f", job="canary", environment="production"),
        own("g", job="canary"),
    )
    assert {each.title: (each.counts, each.counts_reason) for each in changes} == {
        "a": (True, "by the rule * (qa-*, perf)"),
        "b": (True, "by the rule * (qa-*, perf)"),
        "c": (False, "by the rule * (release/*)"),
        "d": (False, "by the rule nightly*"),
        "e": (True, "production, by the default rule"),
        "g": (True, ""),
    }
    assert any(
        "not a change, by the rule canary" in each for each in outcomes_of(sender.integration)
    )


def test_a_rule_that_only_says_what_counts_leaves_service_and_kind(database: Service) -> None:
    DeployRule.objects.create(pattern="*", branch="main", counts="yes")
    DeployRule.objects.create(pattern="db-*", service=database, kind="migration", counts="no")
    sender = Sender("events_v2")
    details = {"branch": "main", "repo": "shop/orders-db"}
    payload = {"summary": "8.53", "source": "x", "custom_details": details}
    first = sender.deliver({"payload": payload})[0]
    assert (first.service, first.kind, first.counts) == (database, "deploy", True)
    second = sender.deliver({"payload": {"summary": "index", "source": "db-migrate"}})[-1]
    assert (second.service, second.kind, second.counts) == (database, "migration", False)


def test_what_does_not_count_is_no_suspect_and_is_listed_apart(
    web: Client, database: Service
) -> None:
    incident = file_incident(title="Orders fail", services=[database])
    at = (incident.impact_started_at - timedelta(minutes=5)).isoformat()
    Sender("change").deliver(
        own("8.53 to production", started_at=at, environment="production"),
        own("8.54 to staging", started_at=at, environment="staging"),
    )
    assert [each.change.title for each in candidate_changes(incident)] == ["8.53 to production"]
    assert not any("8.54" in entry.text for entry in full_timeline(incident))
    page = web.get(incident.get_absolute_url()).content.decode()
    assert "1 reported that does not count" in page
    assert "staging, by the default rule" in page
    service = database.get_absolute_url()
    assert "8.54 to staging" not in web.get(service).content.decode()
    assert "8.54 to staging" in web.get(service, {"changes": "all"}).content.decode()


def test_a_person_chooses_on_the_page_and_later_reports_leave_it(
    web: Client, database: Service
) -> None:
    sender = Sender("change")
    change = sender.deliver(own("8.54", id="1", environment="staging"))[0]
    incident = file_incident(title="Orders fail", services=[database])
    address = f"/changes/{change.pk}/counts/"
    answer = web.post(address, {"counts": "yes", "incident": str(incident.pk)})
    assert answer.headers["Location"] == incident.get_absolute_url()
    assert [each.change for each in candidate_changes(incident)] == [change]
    again = sender.deliver(own("8.54", id="1", environment="staging", outcome="failed"))[0]
    assert (again.outcome, again.counts) == ("failed", True)
    assert again.counts_reason.startswith("chosen by ")
    assert web.post(address, {"counts": "no"}).headers["Location"] == database.get_absolute_url()
    assert not candidate_changes(incident)


def test_the_api_applies_the_same_rules_and_lets_a_person_choose(
    api: APIClient, database: Service
) -> None:
    DeployRule.objects.create(pattern="*", environment="canary", counts="no")
    given: dict[str, dict[str, Any]] = {
        "plain": {},
        "staging": {"environment": "staging"},
        "canary": {"environment": "Canary"},
        "branch": {"branch": "refs/heads/wip"},
        "chosen": {"environment": "staging", "counts": True},
    }
    for title, fields in given.items():
        body = {"service": "orders-db", "title": title, **fields}
        assert api.post("/api/v1/changes/", body, format="json").status_code == 201
    rows = {row["title"]: row for row in api.get("/api/v1/changes/").data["results"]}
    assert {title for title, row in rows.items() if row["counts"]} == {"plain", "chosen"}
    assert rows["staging"]["counts_reason"] == "staging, by the default rule"
    assert rows["branch"]["branch"] == "wip"
    counted = api.get("/api/v1/changes/", {"counts": "true"}).data["results"]
    assert {row["title"] for row in counted} == {"plain", "chosen"}
    address = f"/api/v1/changes/{rows['staging']['id']}/"
    assert api.patch(address, {"counts": True}, format="json").data["counts"] is True
    moved = api.patch(f"/api/v1/changes/{rows['branch']['id']}/", {"branch": "main"}, format="json")
    assert moved.data["counts"] is True
    refused = api.patch(address, {"title": "other"}, format="json")
    assert refused.status_code == 400
    assert "title" in refused.data["errors"]


def test_one_pattern_may_have_rules_for_several_environments(admin_api: APIClient) -> None:
    body = {"pattern": "*", "environment": "qa", "counts": "yes"}
    assert admin_api.post("/api/v1/deploy-rules/", body, format="json").status_code == 201
    other = body | {"environment": "perf"}
    assert admin_api.post("/api/v1/deploy-rules/", other, format="json").status_code == 201
    assert admin_api.post("/api/v1/deploy-rules/", body, format="json").status_code == 400


def test_changes_that_do_not_count_are_left_out_of_what_is_near(database: Service) -> None:
    Change.objects.create(service=database, title="x", counts=False, started_at=timezone.now())
    assert not Change.objects.counting().exists()
