"""/metrics in the Prometheus format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from common.registry import Registry
from common.viewer import Viewer
from incidents.models import Alert, Delivery, Incident
from incidents.permissions import visible_alerts, visible_incidents
from kb.models import ActionItem, CauseLink, NotificationDelivery
from kb.permissions import visible_actions, visible_links

COLLECTORS: Registry[Callable[[Any], Iterator[Metric]]] = Registry("collectors of metrics")
"""Functions of the user who scrapes; other packages register theirs."""

PENDING = ["waiting", "claimed"]


def gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"causebook_{name}", description, value=value)


def age(rows: QuerySet[Any], field: str) -> float:
    """Seconds since the oldest of `rows`; 0 when there is none."""
    oldest = rows.order_by(field).values_list(field, flat=True).first()
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0


def _incidents(user: Viewer) -> Iterator[Metric]:
    opened = GaugeMetricFamily(
        "causebook_incidents_open", "Open incidents.", labels=["severity", "service"]
    )
    rows = visible_incidents(user).exclude(status=Incident.Status.RESOLVED)
    counted = rows.order_by().values_list("severity", "services__name").annotate(Count("pk"))
    for severity, service, count in counted:
        opened.add_metric([severity, service or ""], count)
    yield opened
    yield gauge("incidents", "All incidents.", visible_incidents(user).count())
    confirmed = visible_links(user).filter(state=CauseLink.State.CONFIRMED)
    yield gauge(
        "incidents_with_cause", "Incidents with a confirmed cause.",
        confirmed.aggregate(n=Count("incident", distinct=True))["n"],
    )  # fmt: skip
    firing = visible_alerts(user).filter(status=Alert.Status.FIRING)
    yield gauge("alerts_firing", "Firing alerts.", firing.count())
    overdue = visible_actions(user).filter(
        state=ActionItem.State.OPEN, due_on__lt=timezone.now().date()
    )
    yield gauge("actions_overdue", "Overdue action items.", overdue.count())


def _product(user: Viewer) -> Iterator[Metric]:
    deliveries = Delivery.objects.filter(state=Delivery.State.WAITING)
    yield gauge(
        "deliveries_waiting", "Received deliveries that are not processed yet.", deliveries.count()
    )
    yield gauge(
        "deliveries_oldest_seconds", "Age of the oldest of them.", age(deliveries, "received_at")
    )
    notifications = NotificationDelivery.objects.filter(state__in=PENDING)
    yield gauge("tellings_waiting", "Notifications to be sent.", notifications.count())
    failed = NotificationDelivery.objects.filter(state=NotificationDelivery.State.FAILED)
    yield gauge("tellings_failed", "Notifications that failed.", failed.count())


COLLECTORS.register("incidents", _incidents)
COLLECTORS.register("product", _product)


class TextRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "prometheus"

    def render(self, data: Any, *_: Any) -> Any:
        return data


class _MetricsOf:
    def __init__(self, user: Viewer) -> None:
        self.user = user

    def collect(self) -> Iterator[Metric]:
        for collector in COLLECTORS.values():
            yield from collector(self.user)


class MetricsView(APIView):
    """Metrics of incidents and of the product itself, of what the token may see."""

    renderer_classes = [TextRenderer]

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR}, summary="Metrics")
    def get(self, request: Request) -> HttpResponse:
        registry = CollectorRegistry()
        registry.register(_MetricsOf(request.user))
        return HttpResponse(generate_latest(registry), "text/plain; version=0.0.4; charset=utf-8")


VIEWS = {"metrics": MetricsView}
