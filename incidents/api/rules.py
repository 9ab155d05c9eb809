"""REST API of maintenance windows, tier policies, deploy rules and heartbeats."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.alerts.heartbeats import forget_sender, sender_states
from incidents.api.base import NameField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import PUT_OPTIONS, NamedMixin, PutMixin
from incidents.intake.rules import save_rule
from incidents.models import (
    Change,
    DeployRule,
    HeartbeatRule,
    HeartbeatSender,
    Integration,
    MaintenanceWindow,
    Service,
    TierPolicy,
)
from incidents.permissions import MANAGE


class RuleSerializer(serializers.ModelSerializer):
    def create(self, validated_data: dict[str, Any]) -> Any:
        model: type[Any] = self.Meta.model
        return save_rule(model(), self.context["request"].user, **validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        return save_rule(instance, **validated_data)


class MaintenanceWindowSerializer(RuleSerializer):
    services = NameField(many=True, queryset=Service.objects.all())
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "services", "starts_at", "ends_at", "reason", "author"]
        extra_kwargs = {"starts_at": {"required": False}}


class TierPolicySerializer(RuleSerializer):
    class Meta:
        model = TierPolicy
        fields = [
            "id", "tier", "meaning", "paging", "target", "opens_after", "on_quiet",
            "quiet_after", "postmortem_for", "postmortem_within",
        ]  # fmt: skip
        read_only_fields = ["tier"]


class DeployRuleSerializer(RuleSerializer):
    service = NameField(queryset=Service.objects.all(), required=False, allow_null=True)
    kind = serializers.ChoiceField(Change.Kind.choices, required=False)

    class Meta:
        model = DeployRule
        fields = [
            "id", "name", "pattern", "environment", "branch", "service", "kind", "counts", "ignore",
        ]  # fmt: skip


class HeartbeatRuleSerializer(RuleSerializer):
    integration = NameField(queryset=Integration.objects.all(), required=False, allow_null=True)
    service = NameField(queryset=Service.objects.all(), required=False, allow_null=True)

    class Meta:
        model = HeartbeatRule
        fields = ["id", "name", "pattern", "integration", "interval", "service"]
        # The database says it; that of the serializer would want both fields each time.
        validators: list[Any] = []


class HeartbeatSenderSerializer(serializers.ModelSerializer):
    integration = serializers.CharField(source="integration.name", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = HeartbeatSender
        fields = ["id", "rule", "integration", "name", "labels", "last_seen_at", "state"]
        read_only_fields = fields

    def get_state(self, sender: HeartbeatSender) -> str:
        """coming, silent, or not watched."""
        return sender_states([sender])[sender.pk]


class _Rules(EtagUpdateMixin, mixins.DestroyModelMixin, mixins.ListModelMixin, Resource):
    """Rules are settings, for administrators."""

    act = act_to_read = MANAGE
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class MaintenanceWindowViewSet(_Rules, IdempotentCreateMixin, EtagRetrieveMixin):
    """Times in which alerts of some services open no incident."""

    queryset = MaintenanceWindow.objects.select_related("author").prefetch_related("services")
    serializer_class = MaintenanceWindowSerializer


class DeployRuleViewSet(NamedMixin, _Rules, IdempotentCreateMixin, EtagRetrieveMixin):
    """Which CI job deploys which service."""

    queryset = DeployRule.objects.select_related("service")
    serializer_class = DeployRuleSerializer


class TierPolicyViewSet(PutMixin, _Rules, EtagRetrieveMixin):
    """What alerts and incidents of a tier lead to; one policy per tier."""

    queryset = TierPolicy.objects.all()
    serializer_class = TierPolicySerializer
    http_method_names = ["get", "patch", "head", "options"]

    @extend_schema(methods=["GET"], summary="Find the one of a tier", filters=False)
    @extend_schema(methods=["PUT"], summary="Edit the one of a tier", filters=False)
    @action(url_path="named/(?P<tier>[^/]+)", **PUT_OPTIONS)
    def named(self, request: Request, tier: str) -> Response:
        return self.get_or_put(request, tier=tier)

    def save_new(self, serializer: Any) -> Any:
        raise NotFound(f"Tiers are {', '.join(Service.Tier.values)}.")


class HeartbeatRuleViewSet(NamedMixin, _Rules, IdempotentCreateMixin, EtagRetrieveMixin):
    """Alerts that open nothing while they come, and an incident when they stay away."""

    queryset = HeartbeatRule.objects.select_related("integration", "service")
    serializer_class = HeartbeatRuleSerializer


class HeartbeatSenderViewSet(
    EtagRetrieveMixin, mixins.DestroyModelMixin, mixins.ListModelMixin, Resource
):
    """What sends heartbeats, and when each last came; delete what will not come again."""

    act = act_to_read = MANAGE
    http_method_names = ["get", "delete", "head", "options"]
    queryset = HeartbeatSender.objects.select_related("rule", "integration")
    serializer_class = HeartbeatSenderSerializer

    def perform_destroy(self, instance: HeartbeatSender) -> None:
        forget_sender(instance)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "maintenance-windows": MaintenanceWindowViewSet,
    "deploy-rules": DeployRuleViewSet,
    "tier-policies": TierPolicyViewSet,
    "heartbeats": HeartbeatRuleViewSet,
    "heartbeat-senders": HeartbeatSenderViewSet,
}
