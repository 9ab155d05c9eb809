"""A service on one card for portals, and the board for Grafana: both from what the API answers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.catalogue.sync import import_catalogue
from incidents.filing import file_incident
from incidents.models import Change, Service
from kb.causes.linking import link_cause, name_cause
from kb.models import OnCall, Workspace
from practice.models import Slo
from practice.readiness.reviews import start_review
from practice.service_card import card_of
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
BOARD = json.loads((ROOT / "deploy" / "grafana" / "incidents.json").read_text())
GUIDE = (ROOT / "docs" / "portals.md").read_text()


@pytest.fixture
def api(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_the_card_says_how_a_service_is_who_is_called_and_what_recurs(
    api: APIClient, checkout: Service, slo: Slo, user: User
) -> None:
    first = past("checkout slow", checkout, 30)
    cause = name_cause(first, "Pool too small", author=user, how_to_fix="Raise it").cause
    link_cause(past("checkout slow again", checkout, 10), cause, state="confirmed", author=user)
    link_cause(first, cause, state="confirmed", author=user)
    start_review(checkout, user)
    OnCall.objects.create(
        workspace=Workspace.objects.create(kind="pagerduty", name="Pager"), service=checkout,
        name="Ada Example", rota="Payments", read_at=timezone.now(),
    )  # fmt: skip
    path = "/api/v1/service-card/"
    calm = api.get(path, {"service": "checkout"}).data
    assert (calm["health"], calm["open_count"], calm["open_incidents"]) == ("fine", 0, [])
    file_incident(title="Leak", services=[checkout], severity="SEV1", private=True)
    opened = file_incident(title="5xx", services=[checkout], severity="SEV2", reporter=user)
    link_cause(opened, cause, state="suspected", author=user)

    # The private one is no part of it: not in the list, the count or the health.
    card = api.get(path, {"entity": "component:default/Checkout"}).data
    assert (card["health"], card["open_count"]) == ("failing", 1)
    [shown] = card["open_incidents"]
    assert (shown["reference"], shown["cause"]) == (opened.reference, "Pool too small")
    assert shown["url"].endswith(f"/INC-{opened.pk}/")
    assert shown["url"].startswith("http")
    assert [each["state"] for each in card["error_budgets"]] == ["unknown"]
    assert [each["name"] for each in card["on_call"]] == ["Ada Example"]
    assert card["readiness"]["state"] == "none"
    [recurring] = card["recurring_causes"]
    assert (recurring["name"], recurring["incidents"]) == ("Pool too small", 2)
    assert recurring["how_to_fix"] == "Raise it"
    assert api.get(path).status_code == 400
    assert api.get(path, {"service": "nothing"}).status_code == 404


def test_a_spent_budget_and_a_lesser_incident_have_healths_of_their_own(
    checkout: Service, slo: Slo, user: User
) -> None:
    now = timezone.now()
    budget = {"minutes": 40.0, "spent": 41.0, "ratio": 0.01, "known": 1.0, "quiet": 0.0}
    slo.summary = {
        "start": now.isoformat(), "end": now.isoformat(), "burns": [], "days_left": None,
        "budget": budget,
    }  # fmt: skip
    slo.save()
    assert card_of(checkout, user).health == "at_risk"
    file_incident(title="slow", services=[checkout], severity="SEV4")
    assert card_of(checkout, user).health == "degraded"


def test_the_annotation_of_the_guide_joins_an_entity_with_its_service(checkout: Service) -> None:
    snippet = re.search(r"```yaml\n(apiVersion.*?)```", GUIDE, re.DOTALL)
    assert snippet
    report = import_catalogue("backstage", snippet[1])
    assert report.new == ["orders-db"]
    assert [each.name for each in checkout.depends_on.all()] == ["orders-db"]
    assert Service.objects.get(name="checkout").description == "Pays for carts"
    # References go by the name of the entity.
    assert not Service.objects.filter(name__startswith="checkout-").exists()


def queries() -> list[dict[str, Any]]:
    notes = [each["target"] for each in BOARD["annotations"]["list"]]
    return [*notes, *(target for panel in BOARD["panels"] for target in panel["targets"])]


def filled(url: str, service: str) -> str:
    now = timezone.now()
    values = {
        "${__from:date:iso}": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%S.000Z}",
        "${__to:date:iso}": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%S.000Z}",
        "${service:percentencode}": quote(service),
    }
    for name, value in values.items():
        url = url.replace(name, value)
    return url


@pytest.mark.parametrize("service", ["", "checkout"])
def test_every_query_of_the_board_for_grafana_gets_the_columns_that_it_shows(
    api: APIClient, checkout: Service, service: str
) -> None:
    other = Service.objects.create(name="invoices")
    for each in (checkout, other):
        file_incident(title="slow", services=[each])
        Change.objects.create(service=each, title="v2", started_at=timezone.now())
    for query in queries():
        url = filled(query["url"], service)
        assert "$" not in url
        answer = api.get(url)
        assert answer.status_code == 200, (url, answer.data)
        rows = answer.data[query["root_selector"]]
        assert len(rows) == (1 if service else 2), url
        for column in query["columns"]:
            assert column["selector"] in rows[0], (url, column)
    variables = {each["name"] for each in BOARD["templating"]["list"]}
    assert variables == {"datasource", "service"}
