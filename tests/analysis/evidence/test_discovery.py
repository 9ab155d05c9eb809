"""Services that sources see and the catalogue does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from analysis.evidence.discovery import discover_services
from analysis.models import Source
from incidents.catalogue.unknown_services import offered_services, record_unknown_services
from incidents.models import Service, UnknownService

pytestmark = pytest.mark.django_db
APPS = "/apis/apps/v1/namespaces/default"
TARGETS = [
    {"labels": {"job": "shop", "instance": "10.0.0.7:9100"}},
    {"labels": {"job": "node-exporter", "instance": "10.0.0.7:9100"}},
    {"labels": {"job": "kubernetes-pods", "app": "checkout", "pod": "checkout-7d9f8b6c5d-x2x4z"}},
    {"labels": {"job": "pods/payments"}},
    {"labels": {"instance": "10.0.0.9:9100"}},
    {"labels": None},
]


def source(kind: str, url: str) -> Source:
    return Source.objects.create(name=kind, kind=kind, settings={"url": url})


def names() -> set[str]:
    return set(offered_services().values_list("name", flat=True))


def test_targets_name_services_and_neither_hosts_nor_exporters(server: Callable[..., str]) -> None:
    Service.objects.create(name="Checkout")
    answer = {"status": "success", "data": {"activeTargets": TARGETS}}
    made = source("prometheus", server({"/api/v1/targets": answer}))
    discover_services()
    discover_services()
    assert names() == {"shop", "payments"}
    made.refresh_from_db()
    assert made.answered_at


def test_adding_a_discovered_service_keeps_the_labels_that_found_it(
    server: Callable[..., str], user: User, client: Client
) -> None:
    user.user_permissions.add(Permission.objects.get(codename="add_service"))
    client.force_login(user)
    answer = {"status": "success", "data": {"activeTargets": TARGETS}}
    source("prometheus", server({"/api/v1/targets": answer}))
    discover_services()
    page = client.get("/services/").content.decode()
    link = "/services/new/?name=shop&amp;telemetry_labels=job%3Dshop"
    assert link in page
    assert 'value="job=shop"' in client.get(link.replace("&amp;", "&")).content.decode()


def test_workloads_and_traces_name_services(server: Callable[..., str]) -> None:
    empty: dict[str, Any] = {"items": []}
    orders = {"metadata": {"name": "orders-v2", "labels": {"app.kubernetes.io/name": "orders"}}}
    plain = {"metadata": {"name": "cron-runner"}}
    workloads = {
        f"{APPS}/deployments": {"items": [orders, plain]},
        f"{APPS}/statefulsets": empty,
        f"{APPS}/daemonsets": empty,
    }
    source("kubernetes", server(workloads))
    source("jaeger", server({"/api/services": {"data": ["gateway", "orders"]}}))
    discover_services()
    assert names() == {"orders", "cron-runner", "gateway"}


@pytest.mark.parametrize("behaviour", ["401", "garbage", "wrong-shape", "500"])
@pytest.mark.parametrize("kind", ["prometheus", "kubernetes", "jaeger"])
def test_a_source_that_shows_nothing_stops_nobody(
    kind: str, behaviour: str, server: Callable[..., str]
) -> None:
    source(kind, server(behaviour))
    source("loki", "http://127.0.0.1:1")
    discover_services()
    assert not names()


def test_more_than_fifty_services_of_a_source_are_all_seen(server: Callable[..., str]) -> None:
    source("jaeger", server({"/api/services": {"data": [f"s{n}" for n in range(130)]}}))
    discover_services()
    assert len(names()) == 130


def test_a_name_seen_in_two_places_is_offered_once_and_ignored_in_both(
    user: User, client: Client
) -> None:
    user.user_permissions.add(Permission.objects.get(codename="add_service"))
    client.force_login(user)
    record_unknown_services(["shop", "orders"], "alerts")
    record_unknown_services(["Shop"], "sources")
    page = " ".join(client.get("/services/").content.decode().split())
    assert "2 services seen, not in the catalogue" in page
    row = offered_services().get(name__iexact="shop")
    client.post(f"/services/seen/{row.pk}/ignore/")
    record_unknown_services(["SHOP"], "deploys")
    assert names() == {"orders"}
    page = " ".join(client.get("/services/").content.decode().split())
    assert "1 service seen, not in the catalogue" in page
    assert UnknownService.objects.filter(last_at__lte=timezone.now()).count() == 4
