"""Figures for other tools: Prometheus' /metrics and Grafana's JSON data source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Extract, Trunc
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.models import Alert, Delivery, Incident
from incidents.permissions import visible_alerts, visible_incidents
from kb.models import ActionItem, CauseLink, Telling
from kb.permissions import visible_actions, visible_links

COLLECTORS: list[Callable[[Any], Iterator[Metric]]] = []
"""Functions of the asker; other packages add theirs."""
PENDING = ["waiting", "claimed"]


def gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"causebook_{name}", about, value=value)


def age(rows: QuerySet[Any], field: str) -> float:
    """Seconds since the oldest of `rows`; 0 when there is none."""
    oldest = rows.order_by(field).values_list(field, flat=True).first()
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0


def _incidents(user: Any) -> Iterator[Metric]:
    opened = GaugeMetricFamily(
        "causebook_incidents_open", "Open incidents.", labels=["severity", "service"]
    )
    rows = visible_incidents(user).exclude(status=Incident.Status.RESOLVED)
    counted = rows.order_by().values_list("severity", "services__name").annotate(Count("pk"))
    for severity, service, count in counted:
        opened.add_metric([severity, service or ""], count)
    yield opened
    seen = visible_incidents(user)
    yield gauge("incidents", "Incidents on record.", seen.count())
    confirmed = visible_links(user).filter(state=CauseLink.State.CONFIRMED)
    yield gauge(
        "incidents_with_cause", "Incidents with a confirmed cause.",
        confirmed.aggregate(n=Count("incident", distinct=True))["n"],
    )  # fmt: skip
    firing = visible_alerts(user).filter(status=Alert.Status.FIRING)
    yield gauge("alerts_firing", "Alerts that fire.", firing.count())
    overdue = visible_actions(user).filter(
        state=ActionItem.State.OPEN, due_on__lt=timezone.now().date()
    )
    yield gauge("actions_overdue", "Action items past their day.", overdue.count())


def _product(user: Any) -> Iterator[Metric]:
    deliveries = Delivery.objects.filter(state=Delivery.State.WAITING)
    yield gauge("deliveries_waiting", "Deliveries not worked yet.", deliveries.count())
    yield gauge(
        "deliveries_oldest_seconds", "Age of the oldest of them.", age(deliveries, "received_at")
    )
    tellings = Telling.objects.filter(state__in=PENDING)
    yield gauge("tellings_waiting", "Messages not told yet.", tellings.count())
    failed = Telling.objects.filter(state=Telling.State.FAILED)
    yield gauge("tellings_failed", "Messages that were given up.", failed.count())


COLLECTORS += [_incidents, _product]


class TextRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "prometheus"

    def render(self, data: Any, *_: Any) -> Any:
        return data


class _Figures:
    def __init__(self, user: Any) -> None:
        self.user = user

    def collect(self) -> Iterator[Metric]:
        for collector in COLLECTORS:
            yield from collector(self.user)


class MetricsView(APIView):
    """Incidents and the product itself, for Prometheus; of what the token may see."""

    renderer_classes = [TextRenderer]

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR}, summary="Metrics")
    def get(self, request: Request) -> HttpResponse:
        registry = CollectorRegistry()
        registry.register(_Figures(request.user))  # type: ignore[arg-type]
        return HttpResponse(generate_latest(registry), "text/plain; version=0.0.4; charset=utf-8")


# Grafana


def _per_day(rows: QuerySet[Incident], since: datetime, until: datetime, value: Any) -> list[Any]:
    days = (
        rows.filter(impact_started_at__gte=since, impact_started_at__lt=until)
        .order_by()
        .annotate(day=Trunc("impact_started_at", "day"))
        .values_list("day")
        .annotate(value=value)
        .order_by("day")
    )
    return [[float(value or 0), int(day.timestamp() * 1000)] for day, value in days]


_MINUTES = Extract(F("resolved_at") - F("impact_started_at"), "epoch", output_field=FloatField())
SERIES: dict[str, tuple[str, Any]] = {
    "incidents": ("Incidents a day", Count("pk")),
    "severe": ("SEV1 and SEV2 a day", Count("pk", filter=Q(severity__in=["SEV1", "SEV2"]))),
    "minutes": ("Minutes lost a day", Sum(_MINUTES) / 60.0),
}
TABLE = "latest"


class RangeSerializer(serializers.Serializer):
    locals()["from"] = serializers.DateTimeField()
    to = serializers.DateTimeField()


class TargetSerializer(serializers.Serializer):
    target = serializers.ChoiceField([*SERIES, TABLE])
    payload = serializers.JSONField(required=False)


class QuerySerializer(serializers.Serializer):
    range = RangeSerializer()
    targets = TargetSerializer(many=True)


class MetricSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()


class GrafanaHealth(APIView):
    """Grafana asks this when the JSON data source is saved."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, summary="Is the data source there?")
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class GrafanaMetrics(APIView):
    """What Grafana's JSON data source can show."""

    reads = True

    @extend_schema(request=None, responses=MetricSerializer(many=True), summary="Grafana metrics")
    def post(self, request: Request) -> Response:
        rows = [{"value": key, "label": label} for key, (label, _) in SERIES.items()]
        return Response([*rows, {"value": TABLE, "label": "Latest incidents (table)"}])


class GrafanaQuery(APIView):
    """Series and tables in the shape of Grafana's JSON data source."""

    reads = True

    @extend_schema(
        request=QuerySerializer,
        responses={200: serializers.ListSerializer(child=serializers.DictField())},
        summary="Grafana query",
    )
    def post(self, request: Request) -> Response:
        asked = QuerySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        span = asked.validated_data["range"]
        since, until = span["from"].astimezone(UTC), span["to"].astimezone(UTC)
        if until - since > timedelta(days=3700):
            raise serializers.ValidationError({"range": ["Ask for ten years at most."]})
        rows, answers = visible_incidents(request.user), []
        for target in asked.validated_data["targets"]:
            name = target["target"]
            if name == TABLE:
                answers.append(_table(rows, since, until))
                continue
            points = _per_day(rows, since, until, SERIES[name][1])
            answers.append({"target": SERIES[name][0], "datapoints": points})
        return Response(answers)


def _table(rows: QuerySet[Incident], since: datetime, until: datetime) -> dict[str, Any]:
    found = rows.filter(impact_started_at__gte=since, impact_started_at__lt=until)[:100]
    return {
        "type": "table",
        "columns": [
            {"text": "Began", "type": "time"}, {"text": "Incident", "type": "string"},
            {"text": "Title", "type": "string"}, {"text": "Severity", "type": "string"},
            {"text": "Status", "type": "string"},
        ],
        "rows": [
            [int(row.impact_started_at.timestamp() * 1000), row.reference, row.title, row.severity,
             row.status]
            for row in found
        ],
    }  # fmt: skip


VIEWS = {
    "metrics": MetricsView,
    "grafana": GrafanaHealth,
    "grafana/metrics": GrafanaMetrics,
    "grafana/query": GrafanaQuery,
}
