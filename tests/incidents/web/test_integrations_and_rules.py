"""Integrations, secrets, deliveries and rules as an administrator uses them."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from incidents import retention
from incidents.intake import processing, receiving
from incidents.models import Alert, Change, Delivery, Integration, Service, TierPolicy
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, admin_user: Any) -> Client:
    client.force_login(admin_user)
    return client


def deliver(kind: str, integration: Integration, body: bytes) -> Delivery:
    receiving.store(integration, {}, body)
    processing.process_waiting()
    return Delivery.objects.order_by("pk").last()


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


def test_the_senders_own_secret_is_kept_and_opens_the_door(admin: Client) -> None:
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


def test_a_failed_delivery_says_why_and_a_replay_after_the_cure_works(admin: Client) -> None:
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


def test_completed_and_finalized_of_one_build_are_one_change() -> None:
    Service.objects.create(name="checkout")
    integration, _ = make("jenkins", service=Service.objects.get())
    for phase, status in (("STARTED", ""), ("COMPLETED", "FAILURE"), ("FINALIZED", "FAILURE")):
        body = sample("jenkins").replace(b"FINALIZED", phase.encode())
        deliver("jenkins", integration, body.replace(b"SUCCESS", status.encode()))
    change = Change.objects.get()
    assert (change.outcome, change.title) == ("failed", "deploy-checkout #18")
    assert change.started_at == datetime(2026, 5, 4, 2, 53, 59, tzinfo=UTC)
    assert change.finished_at


def test_a_started_that_comes_late_does_not_undo_the_end() -> None:
    service = Service.objects.create(name="checkout")
    integration, _ = make("jenkins", service=service)
    deliver("jenkins", integration, sample("jenkins"))
    deliver("jenkins", integration, sample("jenkins").replace(b"FINALIZED", b"STARTED"))
    assert Change.objects.get().outcome == "succeeded"


def test_a_mapping_reads_the_json_of_an_unknown_sender() -> None:
    Service.objects.create(name="blog")
    settings = {
        "rows_at": "items", "name_at": "what.title", "state_at": "up", "ended_words": "true",
        "service_at": "what.svc", "fingerprint_at": "id",
    }  # fmt: skip
    integration, _ = make("generic", settings=settings)
    row = b'{"id": %d, "up": "%s", "what": {"title": "Down", "svc": "blog"}}'
    deliver("generic", integration, b'{"items": [' + row % (1, b"false") + b"]}")
    deliver("generic", integration, b'{"items": [' + row % (1, b"true") + b"]}")
    alert = Alert.objects.get()
    assert (alert.name, alert.status, alert.service and alert.service.name) == (
        "Down", "resolved", "blog",
    )  # fmt: skip


def test_mail_can_be_piped_in_and_its_recovery_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make("email", name="E-mail")

    def pipe(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        call_command("take_mail", "E-mail")
        processing.process_waiting()

    pipe(sample("email"))
    pipe(sample("email").replace(b"[CRITICAL]", b"[RESOLVED]").replace(b"lag-17", b"lag-18"))
    assert Alert.objects.get().status == "resolved"
    with pytest.raises(CommandError, match="no e-mail integration"):
        call_command("take_mail", "Nobody")


def test_the_subscription_of_a_topic_is_shown_and_no_address_is_opened() -> None:
    integration, _ = make("sns")
    body = b'{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://169.254.169.254/x"}'
    delivery = deliver("sns", integration, body)
    assert "open http://169.254.169.254/x if you asked for it" in delivery.outcome


def test_with_the_store_down_the_sender_is_asked_to_send_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration, secret = make("change")

    def down(*_: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(receiving, "find_integration", down)
    path, body, headers = request_for("change", integration.slug, secret, sample("change"))
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_old_deliveries_are_forgotten_and_waiting_ones_kept() -> None:
    integration, _ = make("change")
    old = timezone.now() - timedelta(days=40)
    for number, state in enumerate(("done", "failed", "waiting")):
        Delivery.objects.create(
            integration=integration, sender_id=str(number), body=b"{}", state=state, received_at=old
        )
    retention.delete_old_deliveries()
    assert Delivery.objects.get().state == "waiting"


def test_changes_near_an_incident_stand_in_its_timeline(web: Client, database: Service) -> None:
    from incidents.filing import file_incident

    incident = file_incident(title="Slow", services=[database])
    Change.objects.create(
        service=database, title="orders-db 14.2", outcome="rolled_back",
        started_at=incident.impact_started_at - timedelta(minutes=5),
    )  # fmt: skip
    page = web.get(f"/INC-{incident.pk}/timeline/").content.decode()
    assert "orders-db 14.2" in page
    assert "Rolled back" in page
