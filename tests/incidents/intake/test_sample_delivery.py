"""A test button sends the sample of a sender through its real address, and harms nothing real."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents.intake.processing import process_waiting
from incidents.intake.sample_delivery import send_test
from incidents.models import Alert, Change, Delivery, Incident, Integration, Service
from incidents.webhooks import registry
from people import audit
from tests.incidents.signed_requests import KINDS, make, request_for, sample

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_of_every_kind_arrives_and_is_understood(kind: str) -> None:
    integration, _ = make(kind)
    service = Service.objects.create(name="shop")
    send_test(integration, service)
    process_waiting()
    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.DONE, delivery.outcome
    changes = Change.objects.filter(service=service, title__startswith="Test: ", counts=False)
    alerts = Alert.objects.filter(service=service, name__startswith="Test: ")
    assert changes.exists() or alerts.exists()
    assert "Test: " in f"{[*changes, *alerts]}"
    assert registry()[kind].brings == "alerts" or not Change.objects.filter(counts=True).exists()


def test_it_opens_an_incident_of_the_lowest_severity_that_starts_now() -> None:
    integration, _ = make("alertmanager")
    service = Service.objects.create(name="shop", tier="core")
    send_test(integration, service)
    process_waiting()
    incident = Incident.objects.get()
    assert incident.title.startswith("Test: ") or "Test: " in incident.title
    assert incident.severity == "SEV4"
    assert [*incident.services.all()] == [service]
    assert abs((timezone.now() - incident.impact_started_at).total_seconds()) < 60


def test_a_real_alert_of_the_same_rule_is_another_alert() -> None:
    integration, secret = make("alertmanager")
    send_test(integration)
    path, body, headers = request_for(
        "alertmanager", integration.slug, secret, sample("alertmanager")
    )
    Client().post(path, body, "application/json", headers=headers)
    process_waiting()
    tests = Alert.objects.filter(name__startswith="Test: ")
    assert tests.exists()
    assert Alert.objects.exclude(pk__in=tests).exists()


@pytest.mark.parametrize("kind", ["github", "alertmanager", "pagerduty"])
def test_a_second_test_is_another_delivery(kind: str) -> None:
    integration, _ = make(kind)
    assert send_test(integration) != send_test(integration)
    assert Delivery.objects.count() == 2


def test_without_a_secret_or_switched_off_it_says_what_to_do() -> None:
    integration, _ = make("gatus")
    Integration.objects.update(enabled=False)
    with pytest.raises(ValidationError, match="Switch the integration on"):
        send_test(integration)
    Integration.objects.update(enabled=True)
    audit.update(integration.secrets.all(), revoked_at=timezone.now())
    with pytest.raises(ValidationError, match="make a secret"):
        send_test(integration)
    assert not Delivery.objects.exists()


def test_the_page_waits_for_the_first_event_and_says_when_it_came(
    admin_client: Client,
) -> None:
    integration, _ = make("gatus")
    Service.objects.create(name="shop")
    page = integration.get_absolute_url()
    assert "Waiting for the first event" in admin_client.get(page).content.decode()
    waiting = f"{page}waiting/?seen=nothing"
    assert admin_client.get(waiting).status_code == 204
    sent = admin_client.post(f"{page}test/", {"service": "SHOP"})
    assert sent.headers["Location"] == f"{page}#test"
    assert "being processed" in admin_client.get(waiting).content.decode()
    process_waiting()
    done = admin_client.get(waiting).content.decode()
    assert "✓ received" in done
    assert Incident.objects.get().get_absolute_url() in done


def test_an_unknown_service_is_named_and_nothing_is_sent(admin_client: Client) -> None:
    integration, _ = make("gatus")
    page = integration.get_absolute_url()
    answer = admin_client.post(f"{page}test/", {"service": "<nowhere>"}, follow=True)
    assert "No service of the catalogue is called “&lt;nowhere&gt;”" in answer.content.decode()
    assert not Delivery.objects.exists()


def test_who_manages_no_integrations_can_neither_send_nor_watch(web: Client) -> None:
    integration, _ = make("gatus")
    page = integration.get_absolute_url()
    assert web.post(f"{page}test/").status_code == 403
    assert web.get(f"{page}waiting/").status_code == 403
