"""REST API of integrations and their deliveries."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.base import NameField
from incidents.api.mixins import EtagRetrieveMixin, EtagUpdateMixin, Resource
from incidents.api.named import NamedMixin
from incidents.api.plugins import PluginSerializer
from incidents.intake import processing
from incidents.intake.wake_workers import wake_workers
from incidents.models import (
    Delivery,
    Integration,
    IntegrationSecret,
    Service,
)
from incidents.permissions import MANAGE
from incidents.webhooks import registry


class IntegrationSerializer(PluginSerializer):
    plugins = registry
    secrets = None
    service = NameField(queryset=Service.objects.all(), required=False, allow_null=True)
    path = serializers.SerializerMethodField(help_text="The path that its sender posts to.")

    class Meta:
        model = Integration
        fields = [
            "id", "kind", "name", "path", "enabled", "service", "settings", "secrets_unreadable",
            "created_at",
        ]  # fmt: skip

    def get_secrets_unreadable(self, integration: Integration) -> bool:
        """Whether any valid secret is unreadable: create another, or enter the sender's again."""
        return any(
            secret.revoked_at is None and not secret.is_readable
            for secret in integration.secrets.all()
        )

    def get_path(self, integration: Integration) -> str:
        return f"/hooks/{integration.slug}/"


class CreatedIntegrationSerializer(IntegrationSerializer):
    secret = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(IntegrationSerializer.Meta):
        fields = [*IntegrationSerializer.Meta.fields, "secret"]


class SecretSerializer(serializers.Serializer):
    secret = serializers.CharField(read_only=True, help_text="Shown this once.")
    hint = serializers.CharField(read_only=True)


class IntegrationViewSet(
    NamedMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    """Senders of alerts and changes. For administrators."""

    act = act_to_read = MANAGE
    queryset = Integration.objects.select_related("service").prefetch_related("secrets")
    serializer_class = IntegrationSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=IntegrationSerializer, responses={201: CreatedIntegrationSerializer})
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(self.save_new(serializer), 201)

    def save_new(self, serializer: serializers.BaseSerializer) -> Any:
        integration = serializer.save()
        integration.secret = IntegrationSecret.issue(integration, signed_in(self.request))[1]
        context = self.get_serializer_context()
        return CreatedIntegrationSerializer(integration, context=context).data

    @extend_schema(request=None, responses={201: SecretSerializer}, summary="Create another secret")
    @action(detail=True, methods=["post"])
    def secrets(self, request: Request, pk: str | None = None) -> Response:
        secret, text = IntegrationSecret.issue(self.get_object(), signed_in(request))
        return Response({"secret": text, "hint": secret.hint}, 201)


class DeliverySerializer(serializers.ModelSerializer):
    class Meta:
        model = Delivery
        fields = [
            "id", "integration", "sender_id", "state", "outcome", "attempts", "received_at",
            "worked_at", "text",
        ]  # fmt: skip


class DeliveryViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Deliveries of senders, and their outcome. For administrators."""

    act = act_to_read = MANAGE
    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    filterset_fields = ["integration", "state"]

    @extend_schema(request=None, responses=DeliverySerializer, summary="Process a delivery again")
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str | None = None) -> Response:
        delivery = self.get_object()
        processing.replay(delivery)
        wake_workers()
        delivery.refresh_from_db()
        return Response(DeliverySerializer(delivery).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "integrations": IntegrationViewSet,
    "deliveries": DeliveryViewSet,
}
