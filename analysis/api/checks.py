"""REST API of checks and of their outcomes for incidents."""

from __future__ import annotations

import math
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import tasks
from analysis.evidence import checks
from analysis.models import CheckRun, Source
from analysis.permissions import PULL_EVIDENCE
from incidents.api.base import VisibleRecordField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.permissions import visible_incidents
from kb.models import Check
from kb.permissions import EDIT_CAUSES, visible_causes


class CheckSerializer(serializers.ModelSerializer):
    cause = VisibleRecordField(visible_causes)
    condition = serializers.CharField(read_only=True)

    class Meta:
        model = Check
        fields = [
            "id", "cause", "name", "source", "query", "statistic", "comparison", "threshold",
            "condition",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            Check(**attrs).clean()
        return attrs

    def validate_source(self, name: str) -> str:
        if not Source.objects.filter(name=name).exists():
            known = ", ".join(Source.objects.values_list("name", flat=True)) or "none yet"
            raise serializers.ValidationError(f"There is no such source. There are: {known}.")
        return name

    def validate_threshold(self, value: float) -> float:
        if not math.isfinite(value):
            raise serializers.ValidationError("Write a finite number.")
        return value


class CheckViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    Resource,
):
    """A query and a condition that show whether a cause holds for an incident."""

    act = EDIT_CAUSES
    queryset = Check.objects.none()
    serializer_class = CheckSerializer
    filterset_fields = ["cause"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Check]:
        if getattr(self, "swagger_fake_view", False):
            return Check.objects.none()
        return Check.objects.filter(cause__in=visible_causes(self.request.user))


class CheckRunSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="check_asked.name")
    cause = serializers.IntegerField(source="check_asked.cause_id")
    condition = serializers.CharField(source="check_asked.condition")
    holds = serializers.BooleanField(allow_null=True, help_text="Null: not known; see error.")
    service = serializers.CharField(source="detail", help_text="Whose value it is.")

    class Meta:
        model = CheckRun
        fields = [
            "id", "incident", "cause", "name", "condition", "state", "holds", "value", "service",
            "error", "finished_at",
        ]  # fmt: skip


class RunChecksSerializer(serializers.Serializer):
    incident = VisibleRecordField(visible_incidents)
    cause = VisibleRecordField(visible_causes)


class CheckRunViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    act = PULL_EVIDENCE
    queryset = CheckRun.objects.none()
    serializer_class = CheckRunSerializer
    filterset_fields = ["incident", "state"]

    def get_queryset(self) -> QuerySet[CheckRun]:
        if getattr(self, "swagger_fake_view", False):
            return CheckRun.objects.none()
        user = self.request.user
        return CheckRun.objects.filter(
            incident__in=visible_incidents(user).values("pk"),
            check_asked__cause__in=visible_causes(user).values("pk"),
        ).select_related("check_asked")

    @extend_schema(
        request=RunChecksSerializer,
        responses={202: CheckRunSerializer(many=True)},
        filters=False,
        summary="Run a cause's checks for an incident, also again",
    )
    def create(self, request: Request) -> Response:
        serializer = RunChecksSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        incident = serializer.validated_data["incident"]
        cause = serializer.validated_data["cause"]
        tasks.enqueue_checks(checks.plan_checks(incident, [cause.pk], again=True))
        runs = self.get_queryset().filter(incident=incident, check_asked__cause=cause)
        return Response(CheckRunSerializer(runs, many=True).data, 202)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "checks": CheckViewSet,
    "check-runs": CheckRunViewSet,
}
