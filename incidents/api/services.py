"""REST API of services and their catalogue."""

from __future__ import annotations

from typing import Any

from django_filters import CharFilter
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.file_import import ImportReport
from incidents.api.base import NameField, validated_body
from incidents.api.custom_fields import CustomValuesField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import NamedMixin
from incidents.catalogue.badge_keys import badge_path, renew_badge
from incidents.catalogue.formats import registry as catalogue_kinds
from incidents.catalogue.services import save_service
from incidents.catalogue.sync import import_catalogue
from incidents.custom_fields.values import BelongsTo, with_values
from incidents.models import Service
from incidents.permissions import ADD_SERVICES, EDIT_SERVICES, IMPORT_CATALOGUE
from incidents.search.filters import ServiceFieldFilters


class ServiceSerializer(serializers.ModelSerializer):
    depends_on = NameField(many=True, queryset=Service.objects.all(), required=False)
    owner_team = serializers.CharField(
        max_length=100, allow_blank=True, required=False, help_text="Name of the team that owns it."
    )
    custom_fields = CustomValuesField()

    class Meta:
        model = Service
        fields = [
            "id", "name", "description", "tier", "lifecycle", "kind", "owner_team", "on_call",
            "runbook_url", "dashboards", "repositories", "telemetry_labels", "depends_on",
            "custom_fields",
        ]  # fmt: skip

    def create(self, validated_data: dict[str, Any]) -> Service:
        # Whoever leaves them out could have given those that are needed.
        validated_data.setdefault("custom_fields", {})
        return save_service(Service(), self.context["request"].user, **validated_data)

    def update(self, instance: Service, validated_data: dict[str, Any]) -> Service:
        return save_service(instance, self.context["request"].user, **validated_data)


class ServiceFilter(ServiceFieldFilters):
    owner_team = CharFilter(field_name="owner__name")

    class Meta:
        model = Service
        fields = ["name", "tier", "lifecycle", "kind", "owner_team"]


class CatalogueSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(sorted(catalogue_kinds()))
    content = serializers.CharField(help_text="The file's text.", trim_whitespace=False)
    dry_run = serializers.BooleanField(default=False)


class BadgeSerializer(serializers.Serializer):
    path = serializers.CharField()


class SkippedSerializer(serializers.Serializer):
    place = serializers.CharField()
    why = serializers.CharField()


class CatalogueReportSerializer(serializers.Serializer):
    new = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    same = serializers.IntegerField()
    skipped = SkippedSerializer(many=True)
    remarks = SkippedSerializer(
        many=True, help_text="What of imported entries was not read, or was assumed."
    )


def report_body(report: ImportReport) -> dict[str, Any]:
    """The report of an import, as `CatalogueReportSerializer` describes it."""
    skipped = [each._asdict() for each in report.skipped]
    remarks = [each._asdict() for each in report.remarks]
    return {**vars(report), "skipped": skipped, "remarks": remarks}


class ServiceViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    act = EDIT_SERVICES
    acts = {"create": ADD_SERVICES, "import_file": IMPORT_CATALOGUE}
    queryset = Service.objects.select_related("owner").prefetch_related(
        "depends_on", with_values(BelongsTo.SERVICES)
    )
    serializer_class = ServiceSerializer
    filterset_class = ServiceFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(
        request=CatalogueSerializer,
        responses=CatalogueReportSerializer,
        summary="Import services from a catalogue",
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="import", pagination_class=None)
    def import_file(self, request: Request) -> Response:
        return Response(
            report_body(import_catalogue(**validated_body(request, CatalogueSerializer)))
        )

    @extend_schema(
        request=None, responses=BadgeSerializer, methods=["GET"], summary="The badge's path"
    )
    @extend_schema(
        request=None, responses=BadgeSerializer, methods=["POST"],
        summary="Give the badge another path, which ends the present one",
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def badge(self, request: Request, pk: str | None = None) -> Response:
        service = self.get_object()
        renewing = request.method == "POST"
        path = renew_badge(service, request.user) if renewing else badge_path(service)
        return Response({"path": path})


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"services": ServiceViewSet}
