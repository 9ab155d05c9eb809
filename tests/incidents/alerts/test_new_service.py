"""An alert that names no known service: what is offered, and what one click does."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from incidents.alerts.episodes import ingest_alerts
from incidents.alerts.new_service import guess_service, offered_services
from incidents.alerts.service_names import (
    SERVICE_LABELS,
    names_in_value,
    service_of,
    suggested_name,
)
from incidents.models import Alert, Incident, Service, UnknownService
from incidents.webhooks.base import AlertEvent
from tests.incidents.signed_requests import make

LABELS = {"job": "shop", "instance": "10.0.0.7:9100"}


def fire(fingerprint: str = "f1", name: str = "HighCPU", **fields: Any) -> Alert:
    integration, _ = make("alertmanager", name=f"sender {fingerprint}")
    event = AlertEvent(fingerprint=fingerprint, name=name, firing=True, **fields)
    ingest_alerts([(integration, timezone.now(), event)])
    return Alert.objects.get(fingerprint=fingerprint)


@pytest.fixture
def editor(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename="add_service"))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (LABELS, "shop"),
        ({"job": "kube-state-metrics", "namespace": "shop", "pod": "pay-7d9f8b6c5d-x2x4z"}, "pay"),
        ({"job": "node-exporter", "instance": "db-1.example:9100"}, "db-1.example"),
        ({"job": "shop/checkout"}, "checkout"),
        ({"service": "orders", "job": "shop"}, "orders"),
        ({"deployment": "orders", "container": "app"}, "orders"),
        ({"service": "‮orders"}, None),
        ({"severity": "critical"}, None),
    ],
)
def test_the_name_comes_from_the_most_reliable_label(labels: Any, name: str | None) -> None:
    found = suggested_name(labels)
    assert (found[1] if found else None) == name


@given(
    st.dictionaries(
        st.sampled_from(SERVICE_LABELS),
        st.text(st.sampled_from("abz01-/:._ "), max_size=20),
        max_size=4,
    )
)
def test_a_service_named_by_the_guess_is_found_by_the_same_labels(labels: dict[str, str]) -> None:
    found = suggested_name(labels)
    if found is None:
        return
    service = Service(name=found[1])
    event = AlertEvent(fingerprint="f", name="x", firing=True, labels=labels)
    assert service_of(event, {service.name.lower(): service}) is service


def test_an_instance_may_be_an_address_whose_path_names_nothing() -> None:
    assert "health" not in names_in_value("https://shop.example/health")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "labels", "kind"),
    [
        ("pg_up == 0", LABELS, "postgresql"),
        ("redis_up == 0", LABELS, "cache"),
        ("node_load1 > 8", LABELS, "node"),
        ("sum(rate(http_requests_total[5m])) > 3", LABELS, "http"),
        ("", {"job": "kafka-main"}, "queue"),
        ("", {"instance": "10.0.0.7:9100"}, "node"),
        ("shop_cpu > 90", LABELS, "other"),
    ],
)
def test_the_kind_is_guessed_from_the_metric_then_the_name(
    query: str, labels: dict[str, str], kind: str
) -> None:
    guess = guess_service(Alert(name="a", query=query, labels=labels))
    assert guess
    assert guess.kind == kind


@pytest.mark.django_db
def test_the_incident_offers_the_service_and_says_what_is_guessed(
    editor: User, client: Client
) -> None:
    incident = fire(labels=LABELS).incident
    assert incident
    client.force_login(editor)
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Add service shop" in page
    assert "Guessed: normal tier, kind “Other”" in " ".join(page.split())
    assert UnknownService.objects.get().name == "shop"
    assert "Which service is affected?" not in page
    Service.objects.create(name="billing")
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Which service is affected?" in page


@pytest.mark.django_db
def test_one_click_adds_links_and_later_alerts_find_it(editor: User, client: Client) -> None:
    alert = fire(labels=LABELS)
    assert alert.incident
    client.force_login(editor)
    page = client.post(f"/INC-{alert.incident_id}/service/", {"name": "shop"}, follow=True)
    assert "tier and kind are guesses" in page.content.decode()
    assert "Add service" not in page.content.decode()
    service = Service.objects.get()
    assert (service.name, service.telemetry_labels) == ("shop", "job=shop")
    assert "guesses" in service.description
    alert.refresh_from_db()
    assert alert.service == service
    assert list(alert.incident.services.all()) == [service]
    later = fire("f2", "Other", labels={**LABELS, "instance": "10.0.0.8:9100"})
    assert later.service == service


@pytest.mark.django_db
def test_clicking_twice_or_a_name_that_no_alert_suggests_adds_nothing(
    editor: User, client: Client
) -> None:
    alert = fire(labels=LABELS)
    client.force_login(editor)
    address = f"/INC-{alert.incident_id}/service/"
    client.post(address, {"name": "shop"})
    for name in ("shop", "payroll", ""):
        page = client.post(address, {"name": name}, follow=True).content.decode()
        assert "No alert of this incident suggests a service so named." in page
    assert Service.objects.count() == 1


@pytest.mark.django_db
def test_adding_needs_the_permission_and_an_incident_that_one_may_see(
    user: User, editor: User, other: User, client: Client
) -> None:
    incident = fire(labels=LABELS).incident
    assert incident
    other.role_grants.all().delete()
    client.force_login(other)
    assert "Add service shop" not in client.get(incident.get_absolute_url()).content.decode()
    address = f"/INC-{incident.pk}/service/"
    assert client.post(address, {"name": "shop"}).status_code == 403
    api = f"/api/v1/incidents/{incident.pk}/offered-services/"
    assert client.post(api, {"name": "shop"}, "application/json").status_code == 403
    Incident.objects.update(private=True)
    client.force_login(editor)
    assert client.post(address, {"name": "shop"}).status_code == 404
    assert client.get(api).status_code == 404
    assert not Service.objects.exists()


@pytest.mark.django_db
def test_the_api_offers_and_adds_the_same(editor: User, client: Client) -> None:
    incident = fire(labels=LABELS).incident
    assert incident
    client.force_login(editor)
    api = f"/api/v1/incidents/{incident.pk}/offered-services/"
    [offer] = client.get(api).json()
    assert (offer["name"], offer["tier"], offer["kind"]) == ("shop", "normal", "other")
    added = client.post(api, {"name": "shop"}, "application/json")
    assert (added.status_code, added.json()["name"]) == (201, "shop")
    assert client.get(api).json() == []


@pytest.mark.django_db
def test_a_service_that_a_sender_names_outside_the_labels_is_offered_too() -> None:
    incident = fire(service="billing").incident
    assert incident
    assert [offer.name for offer in offered_services(incident)] == ["billing"]
