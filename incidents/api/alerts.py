"""REST API of alerts."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.models import Alert
from incidents.permissions import visible_alerts
from incidents.search.filters import AlertFilter


class AlertSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name", read_only=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id", "name", "summary", "severity", "status", "labels", "service", "incident",
            "joined_because", "starts_at", "ends_at", "acknowledged_at", "url",
        ]  # fmt: skip


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
