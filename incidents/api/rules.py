"""REST API of maintenance windows, tier policies and deploy rules."""

from __future__ import annotations

from rest_framework import mixins, serializers, viewsets

from incidents.api.base import ByName
from incidents.api.resources import Creates, Edits, Reads, Resource
from incidents.models import (
    Change,
    DeployRule,
    MaintenanceWindow,
    Service,
    TierPolicy,
)
from incidents.permissions import MANAGE


class MaintenanceWindowSerializer(serializers.ModelSerializer):
    services = ByName(many=True, queryset=Service.objects.all())
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "services", "starts_at", "ends_at", "reason", "author"]
        extra_kwargs = {"starts_at": {"required": False}}


class TierPolicySerializer(serializers.ModelSerializer):
    class Meta:
        model = TierPolicy
        fields = [
            "id", "tier", "opens_after", "on_quiet", "quiet_after", "postmortem_for",
            "postmortem_within",
        ]  # fmt: skip
        read_only_fields = ["tier"]


class DeployRuleSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all(), required=False, allow_null=True)
    kind = serializers.ChoiceField(Change.Kind.choices, default=Change.Kind.DEPLOY)

    class Meta:
        model = DeployRule
        fields = ["id", "pattern", "service", "kind", "ignore"]


class _Rules(Edits, mixins.DestroyModelMixin, mixins.ListModelMixin, Resource):
    """Rules are settings: the database's constraints are asked before they are written."""

    scope = "admin"
    permission = MANAGE
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.ModelSerializer) -> None:
        self._check(serializer)
        author = {"author": self.request.user} if "author" in serializer.fields else {}
        serializer.save(**author)

    def perform_update(self, serializer: serializers.ModelSerializer) -> None:
        self._check(serializer)
        serializer.save()

    def _check(self, serializer: serializers.ModelSerializer) -> None:
        model = serializer.Meta.model
        many = {field.name for field in model._meta.many_to_many}
        row = serializer.instance or model()
        for name, value in serializer.validated_data.items():
            if name not in many:
                setattr(row, name, value)
        row.full_clean()


class MaintenanceWindowViewSet(_Rules, Creates, Reads):
    """Times in which alerts of some services open no incident."""

    queryset = MaintenanceWindow.objects.select_related("author").prefetch_related("services")
    serializer_class = MaintenanceWindowSerializer


class DeployRuleViewSet(_Rules, Creates, Reads):
    """Which CI job deploys which service."""

    queryset = DeployRule.objects.select_related("service")
    serializer_class = DeployRuleSerializer


class TierPolicyViewSet(_Rules, Reads):
    """What alerts and incidents of a tier lead to; there is one for each tier."""

    queryset = TierPolicy.objects.all()
    serializer_class = TierPolicySerializer
    http_method_names = ["get", "patch", "head", "options"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "maintenance-windows": MaintenanceWindowViewSet,
    "deploy-rules": DeployRuleViewSet,
    "tier-policies": TierPolicyViewSet,
}
