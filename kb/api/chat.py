"""REST API of chat workspaces, notification rules and deliveries. For administrators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import NamedMixin
from incidents.api.plugins import PluginSerializer
from incidents.events.outbox import KINDS
from kb import notifications
from kb.channels import syncing
from kb.chat import registry
from kb.chatops import endpoints
from kb.models import NotificationDelivery, NotificationRule, Workspace
from kb.permissions import MANAGE_WORKSPACES


class WorkspaceSerializer(PluginSerializer):
    plugins = registry
    path = serializers.SerializerMethodField(help_text="The path that the platform posts to.")

    class Meta:
        model = Workspace
        fields = [
            "id", "kind", "name", "path", "enabled", "settings", "secrets", "secrets_unreadable",
            "created_at",
        ]  # fmt: skip

    def get_path(self, row: Workspace) -> str:
        return f"/chat/{row.slug}/"

    def update(self, instance: Workspace, validated_data: dict[str, Any]) -> Workspace:
        saved = super().update(instance, validated_data)
        endpoints.forget_workspace(saved.slug)
        syncing.settings_changed(saved)
        return saved


class _AdminResource(Resource):
    act = act_to_read = MANAGE_WORKSPACES


class WorkspaceViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    _AdminResource,
):
    queryset = Workspace.objects.all()
    serializer_class = WorkspaceSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]


class NotificationRuleSerializer(serializers.ModelSerializer):
    events = serializers.ListField(child=serializers.ChoiceField(list(KINDS.items())))

    class Meta:
        model = NotificationRule
        fields = [
            "id", "name", "workspace", "channel", "events", "severity", "team", "quiet_from",
            "quiet_until", "zone", "sev1_breaks_quiet",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row = self.instance or NotificationRule()
        for name, value in attrs.items():
            setattr(row, name, value)
        notifications.check_rule(row)
        return attrs


class NotificationRuleViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    _AdminResource,
):
    """Which events are posted to a channel."""

    queryset = NotificationRule.objects.all()
    serializer_class = NotificationRuleSerializer
    filterset_fields = ["workspace"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class NotificationDeliverySerializer(serializers.ModelSerializer):
    text = serializers.CharField(source="event.text", read_only=True)

    class Meta:
        model = NotificationDelivery
        fields = [
            "id", "rule", "event", "text", "state", "attempts", "error", "created_at", "not_before",
            "finished_at",
        ]  # fmt: skip


class NotificationDeliveryViewSet(EtagRetrieveMixin, mixins.ListModelMixin, _AdminResource):
    """Notifications: delivered, waiting, and failed with the reason."""

    queryset = NotificationDelivery.objects.none()
    serializer_class = NotificationDeliverySerializer
    filterset_fields = ["rule", "state"]

    def get_queryset(self) -> QuerySet[NotificationDelivery]:
        if getattr(self, "swagger_fake_view", False):
            return NotificationDelivery.objects.none()
        return notifications.shown_deliveries(self.request.user).select_related("event")

    @extend_schema(
        request=None, responses=NotificationDeliverySerializer, summary="Deliver it again"
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str | None = None) -> Response:
        delivery = self.get_object()
        notifications.deliver_again(delivery)
        return Response(NotificationDeliverySerializer(delivery).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "chat-workspaces": WorkspaceViewSet,
    "chat-rules": NotificationRuleViewSet,
    "chat-tellings": NotificationDeliveryViewSet,
}
