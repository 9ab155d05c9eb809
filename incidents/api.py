"""REST API of incidents, services, alerts and changes. Serializers parse, filing.py acts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents import filing
from incidents.api_base import ByName
from incidents.models import Alert, Change, Incident, Service, TimelineEntry
from incidents.permissions import visible_alerts, visible_incidents
from incidents.search import AlertFilter, ChangeFilter, IncidentFilter


class ServiceSerializer(serializers.ModelSerializer):
    depends_on = ByName(many=True, queryset=Service.objects.all(), required=False)

    class Meta:
        model = Service
        fields = [
            "id", "name", "description", "tier", "lifecycle", "kind", "owner_team", "runbook_url",
            "depends_on",
        ]  # fmt: skip


class LabelsField(serializers.DictField):
    """Short texts by name."""

    child = serializers.CharField(max_length=500, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        labels = super().to_internal_value(data)
        if len(labels) > 100:
            raise serializers.ValidationError("At most 100 labels.")
        if any("\x00" in name for name in labels):
            raise serializers.ValidationError("Names of labels must not hold null characters.")
        return labels


class IncidentSerializer(serializers.ModelSerializer):
    reference = serializers.CharField(read_only=True)
    services = ByName(many=True, queryset=Service.objects.all(), required=False)
    labels = LabelsField(required=False)
    reporter = serializers.CharField(source="reporter.username", read_only=True, default=None)

    class Meta:
        model = Incident
        fields = [
            "id", "reference", "title", "symptom", "resolution", "severity", "status", "services",
            "labels", "private", "impact_started_at", "detected_at", "acknowledged_at",
            "mitigated_at", "resolved_at", "reporter", "external_source", "external_id",
            "external_url", "created_at", "updated_at",
        ]  # fmt: skip
        # The database's constraints are checked by filing.py, which knows the whole incident.
        validators: list[Any] = []
        extra_kwargs = {
            "symptom": {"max_length": 50_000},
            "resolution": {"max_length": 50_000},
            "impact_started_at": {"required": False},
        }

    def create(self, validated_data: dict[str, Any]) -> Incident:
        return filing.file_incident(reporter=self.context["request"].user, **validated_data)

    def update(self, instance: Incident, validated_data: dict[str, Any]) -> Incident:
        return filing.edit_incident(instance, self.context["request"].user, **validated_data)


class TimelineEntrySerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    text = serializers.CharField(max_length=50_000)

    class Meta:
        model = TimelineEntry
        fields = ["id", "at", "kind", "text", "author"]
        read_only_fields = ["at", "kind"]


class ChangeSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())

    class Meta:
        model = Change
        fields = [
            "id", "service", "kind", "title", "version", "author", "outcome", "started_at",
            "finished_at", "url", "external_source", "external_id",
        ]  # fmt: skip
        extra_kwargs = {"started_at": {"required": False}}


class AlertSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name", read_only=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id", "name", "summary", "severity", "status", "labels", "service", "incident",
            "joined_because", "starts_at", "ends_at", "url",
        ]  # fmt: skip


class ServiceViewSet(viewsets.ModelViewSet):
    queryset = Service.objects.prefetch_related("depends_on")
    serializer_class = ServiceSerializer
    filterset_fields = ["name", "tier", "lifecycle", "kind", "owner_team"]
    http_method_names = ["get", "post", "patch", "head", "options"]


@extend_schema_view(
    create=extend_schema(summary="File an incident"),
    partial_update=extend_schema(summary="Edit, move or re-rate an incident"),
)
class IncidentViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
):
    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Incident]:
        if getattr(self, "swagger_fake_view", False):
            return Incident.objects.none()
        visible = visible_incidents(self.request.user)
        return visible.select_related("reporter").prefetch_related("services")

    @extend_schema(responses=TimelineEntrySerializer(many=True), summary="Timeline", filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def timeline(self, request: Request, pk: str | None = None) -> Response:
        entries = self.get_object().timeline.select_related("author")
        return Response(TimelineEntrySerializer(entries, many=True).data)

    @extend_schema(
        request=TimelineEntrySerializer,
        responses={201: TimelineEntrySerializer},
        summary="Add a note",
    )
    @action(detail=True, methods=["post"], serializer_class=TimelineEntrySerializer)
    def notes(self, request: Request, pk: str | None = None) -> Response:
        incident = self.get_object()
        serializer = TimelineEntrySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        note = filing.add_note(incident, serializer.validated_data["text"], request.user)
        return Response(TimelineEntrySerializer(note).data, status=201)


class ChangeViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
):
    queryset = Change.objects.select_related("service")
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter


class AlertViewSet(viewsets.ReadOnlyModelViewSet):
    """Alerts as they came, and why each is part of its incident; newest first."""

    queryset = Alert.objects.none()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        if getattr(self, "swagger_fake_view", False):
            return Alert.objects.none()
        return visible_alerts(self.request.user).select_related("service")


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "services": ServiceViewSet,
    "incidents": IncidentViewSet,
    "changes": ChangeViewSet,
    "alerts": AlertViewSet,
}
