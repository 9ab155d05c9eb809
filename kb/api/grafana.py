"""Series and tables for Grafana's JSON data source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Extract, Trunc
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.models import Incident, recorded
from incidents.permissions import visible_incidents


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
_MEASURED = recorded("impact_started_at", "resolved_at")


SERIES: dict[str, tuple[str, Any]] = {
    "incidents": ("Incidents a day", Count("pk")),
    "severe": ("SEV1 and SEV2 a day", Count("pk", filter=Q(severity__in=["SEV1", "SEV2"]))),
    "minutes": ("Minutes lost a day", Sum(_MINUTES, filter=_MEASURED) / 60.0),
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
    label = serializers.CharField()  # type: ignore[assignment]  # a field named so, not an option


class GrafanaHealth(APIView):
    """Grafana calls this when the JSON data source is saved."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, summary="Test the data source")
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class GrafanaMetrics(APIView):
    """The series and tables that can be queried."""

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
        query = QuerySerializer(data=request.data)
        query.is_valid(raise_exception=True)
        span = query.validated_data["range"]
        since, until = span["from"].astimezone(UTC), span["to"].astimezone(UTC)
        if until - since > timedelta(days=3700):
            raise serializers.ValidationError({"range": ["At most ten years."]})
        rows, results = visible_incidents(request.user), []
        for target in query.validated_data["targets"]:
            name = target["target"]
            if name == TABLE:
                results.append(_table(rows, since, until))
                continue
            points = _per_day(rows, since, until, SERIES[name][1])
            results.append({"target": SERIES[name][0], "datapoints": points})
        return Response(results)


def _table(rows: QuerySet[Incident], since: datetime, until: datetime) -> dict[str, Any]:
    incidents = rows.filter(impact_started_at__gte=since, impact_started_at__lt=until)[:100]
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
            for row in incidents
        ],
    }  # fmt: skip


VIEWS = {
    "grafana": GrafanaHealth,
    "grafana/metrics": GrafanaMetrics,
    "grafana/query": GrafanaQuery,
}
