"""REST API of objectives and their error budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.base import NameField, validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import PUT_OPTIONS, PutMixin
from incidents.api.services import CatalogueReportSerializer, report_body
from incidents.models import Service
from practice.models import Slo
from practice.permissions import MANAGE
from practice.slo_files import registry as slo_file_kinds
from practice.slos.attribution import attributed_status
from practice.slos.editing import save_objective
from practice.slos.importing import import_objectives
from practice.slos.okrs import progress_of


class SloSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())
    target = serializers.FloatField(min_value=1, max_value=99.9999, help_text="Percent.")
    okr_target = serializers.FloatField(
        min_value=1, max_value=100, allow_null=True, required=False, help_text="Percent."
    )

    class Meta:
        model = Slo
        fields = [
            "id",
            "service",
            "name",
            "description",
            "target",
            "window",
            "counts",
            "numerator",
            "total",
            "policy",
            "okr_name",
            "okr_quarter",
            "okr_target",
            "enabled",
            "pulled_until",
            "problem",
        ]
        read_only_fields = ["pulled_until", "problem"]
        validators: list[Any] = []
        extra_kwargs = {
            name: {"max_length": 5000} for name in ("description", "numerator", "total", "policy")
        }

    def validate_okr_target(self, value: float | None) -> Decimal | None:
        return self.validate_target(value) if value is not None else None

    def validate_target(self, value: float) -> Decimal:
        return Decimal(str(value)).quantize(Decimal("0.0001"))

    def create(self, validated_data: dict[str, Any]) -> Slo:
        return self.update(Slo(), validated_data)

    def update(self, instance: Slo, validated_data: dict[str, Any]) -> Slo:
        save_objective(instance, **validated_data)
        return instance


class BudgetPartSerializer(serializers.Serializer):
    name = serializers.CharField()
    path = serializers.CharField(allow_blank=True)
    minutes = serializers.FloatField(help_text="Of budget.")
    share = serializers.FloatField(help_text="Of the whole budget.")


class BurnSerializer(serializers.Serializer):
    severity = serializers.CharField(source="alert.severity")
    long_seconds = serializers.IntegerField(source="alert.long")
    short_seconds = serializers.IntegerField(source="alert.short")
    factor = serializers.FloatField(source="alert.factor")
    long = serializers.FloatField(allow_null=True)
    short = serializers.FloatField(allow_null=True)
    firing = serializers.BooleanField()


class BudgetSerializer(serializers.Serializer):
    """The status of an error budget. Pipelines read `may_release`."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    minutes = serializers.FloatField(source="budget.minutes")
    spent = serializers.FloatField(source="budget.spent", help_text="Minutes.")
    left = serializers.FloatField(source="budget.left", help_text="Minutes; negative: overspent.")
    error_ratio = serializers.FloatField(source="budget.ratio", allow_null=True)
    known = serializers.FloatField(
        source="budget.known", help_text="Share of elapsed time with data."
    )
    state = serializers.ChoiceField(["unknown", "fine", "warn", "frozen"])
    may_release = serializers.BooleanField(help_text="False while the budget is spent.")
    days_left = serializers.FloatField(
        allow_null=True,
        help_text="At the burn rate of three days; null: nothing burns.",
    )
    burns = BurnSerializer(many=True)
    causes = BudgetPartSerializer(many=True)
    incidents = BudgetPartSerializer(many=True)


class KeyResultSerializer(serializers.Serializer):
    """Percents are of good events; null: nothing was counted."""

    name = serializers.CharField(source="slo.okr_name")
    quarter = serializers.CharField(source="slo.okr_quarter")
    target = serializers.FloatField(source="progress.target")
    good = serializers.FloatField(source="progress.good", allow_null=True)
    before = serializers.FloatField(
        source="progress.before", allow_null=True, help_text="In the quarter before."
    )
    met = serializers.BooleanField(source="progress.met")
    progress = serializers.FloatField(
        source="progress.share", allow_null=True, help_text="Of the way to the target, 0 to 1."
    )


class SloFileSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(sorted(slo_file_kinds()))
    content = serializers.CharField(help_text="The file's text.", trim_whitespace=False)
    dry_run = serializers.BooleanField(default=False)


class SloViewSet(
    PutMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Service level objectives."""

    act = MANAGE
    queryset = Slo.objects.select_related("service")
    serializer_class = SloSerializer
    filterset_fields = ["service__name", "window", "enabled"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    @extend_schema(methods=["GET"], summary="Find one of a service by name", filters=False)
    @extend_schema(methods=["PUT"], summary="Create or edit the one of this name", filters=False)
    @action(url_path="named/(?P<service>[^/]+)/(?P<name>[^/]+)", **PUT_OPTIONS)
    def named(self, request: Request, service: str, name: str) -> Response:
        return self.get_or_put(request, service=service, name=name)

    def lookup_of(self, key: dict[str, str]) -> dict[str, str]:
        return {"service__name": key["service"], "name": key["name"]}

    @extend_schema(responses=BudgetSerializer, summary="Status of the error budget")
    @action(detail=True)
    def budget(self, request: Request, pk: str | None = None) -> Response:
        return Response(BudgetSerializer(attributed_status(self.get_object(), request.user)).data)

    @extend_schema(responses=KeyResultSerializer, summary="Progress of its key result")
    @action(detail=True)
    def okr(self, request: Request, pk: str | None = None) -> Response:
        slo = self.get_object()
        progress = progress_of(slo, timezone.now())
        if progress is None:
            raise NotFound("It is linked with no key result.")
        return Response(KeyResultSerializer({"slo": slo, "progress": progress}).data)

    @extend_schema(
        request=SloFileSerializer,
        responses=CatalogueReportSerializer,
        summary="Import objectives from a file of Sloth, Pyrra or OpenSLO",
    )
    @action(detail=False, methods=["post"], url_path="import")
    def import_file(self, request: Request) -> Response:
        return Response(
            report_body(import_objectives(**validated_body(request, SloFileSerializer)))
        )


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"slos": SloViewSet}
