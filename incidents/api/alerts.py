"""REST API of alerts."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets

from incidents.alerts.links import safe_links
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.models import Alert
from incidents.permissions import visible_alerts
from incidents.search.filters import AlertFilter


class AlertSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name", read_only=True, default=None)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Alert
        fields = [
            "id", "name", "summary", "description", "severity", "status", "labels", "service",
            "incident", "joined_because", "starts_at", "ends_at", "acknowledged_at", "url", "links",
        ]  # fmt: skip

    @extend_schema_field(
        serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    )
    def get_links(self, alert: Alert) -> list[list[str]]:
        """Pairs of label and address."""
        return [list(pair) for pair in safe_links(alert)]


class AlertViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Alerts, and why each is part of its incident; newest first."""

    queryset = Alert.objects.none()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        if getattr(self, "swagger_fake_view", False):
            return Alert.objects.none()
        return visible_alerts(self.request.user).select_related("service")


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"alerts": AlertViewSet}
