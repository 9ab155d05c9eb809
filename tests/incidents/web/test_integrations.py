"""Integrations, secrets, deliveries and rules as an administrator uses them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from incidents.intake import processing, receiving
from incidents.models import Change, Delivery, Integration, Service, TierPolicy
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, admin_user: Any) -> Client:
    client.force_login(admin_user)
    return client


def deliver(kind: str, integration: Integration, body: bytes) -> Delivery:
    receiving.store(integration, {}, body)
    processing.process_waiting()
    return Delivery.objects.latest("pk")


def test_a_secret_is_shown_once_and_never_again(admin: Client) -> None:
    page = admin.post("/integrations/new/change/", {"name": "CI", "enabled": "on"}).content.decode()
    secret = re.search(r"<code>([\w-]{32})</code>", page)
    assert secret
    integration = Integration.objects.get()
    assert secret[1] not in admin.get(f"/integrations/{integration.pk}/").content.decode()
    assert integration.secrets.get().sealed.find(secret[1]) < 0
    other = admin.post(f"/integrations/{integration.pk}/secrets/").content.decode()
    assert "shown this once" in other
    row = integration.secrets.last()
    assert row
    admin.post(f"/integrations/{integration.pk}/secrets/{row.pk}/revoke/")
    assert "revoked" in admin.get(f"/integrations/{integration.pk}/").content.decode()


def test_a_secret_of_the_sender_is_stored_and_accepted(admin: Client) -> None:
    integration, _ = make("pagerduty")
    admin.post(f"/integrations/{integration.pk}/secrets/", {"given": "made-by-the-sender-77"})
    path, body, headers = request_for(
        "pagerduty", integration.slug, "made-by-the-sender-77", sample("pagerduty")
    )
    answer = admin.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 202


def test_who_may_not_manage_integrations_sees_no_delivery_and_no_secret(web: Client) -> None:
    integration, _ = make("change")
    assert web.get("/integrations/").status_code == 200
    for path in (
        f"/integrations/{integration.pk}/",
        "/integrations/new/change/",
        "/rules/jobs/new/",
    ):
        assert web.get(path).status_code == 403
    assert web.post(f"/integrations/{integration.pk}/secrets/").status_code == 403


def test_every_page_of_the_intake_renders(admin: Client, database: Service) -> None:
    integration, _ = make("generic")
    delivery = deliver("generic", integration, sample("generic"))
    policy = TierPolicy.objects.first()
    assert policy
    for path in (
        "/integrations/", f"/integrations/{integration.pk}/", "/integrations/new/generic/",
        f"/deliveries/{delivery.pk}/", "/alerts/", "/alerts/?firing=true&name=x", "/rules/",
        "/rules/jobs/new/", "/rules/maintenance/new/", f"/rules/policies/{policy.pk}/",
    ):  # fmt: skip
        assert admin.get(path).status_code == 200, path


def test_a_failed_delivery_shows_the_reason_and_can_be_replayed(admin: Client) -> None:
    integration, _ = make("jenkins")
    delivery = deliver("jenkins", integration, sample("jenkins"))
    assert delivery.state == "failed"
    assert "which service “deploy-checkout” changes" in delivery.outcome
    Service.objects.create(name="checkout")
    form = {"pattern": "deploy-*", "kind": "deploy"}
    assert admin.post("/rules/jobs/new/", form).status_code == 302
    admin.post(f"/deliveries/{delivery.pk}/replay/")
    processing.process_waiting()
    delivery.refresh_from_db()
    assert delivery.state == "done"
    assert Change.objects.get().service.name == "checkout"


def test_changes_near_an_incident_are_in_its_timeline(web: Client, database: Service) -> None:
    from incidents.filing import file_incident

    incident = file_incident(title="Slow", services=[database])
    Change.objects.create(
        service=database, title="orders-db 14.2", outcome="rolled_back",
        started_at=incident.impact_started_at - timedelta(minutes=5),
    )  # fmt: skip
    page = web.get(f"/INC-{incident.pk}/timeline/").content.decode()
    assert "orders-db 14.2" in page
    assert "Rolled back" in page
