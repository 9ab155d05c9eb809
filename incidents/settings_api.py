"""REST API of what is set up: integrations and their deliveries, intake rules, API tokens."""

from __future__ import annotations

from django.core.exceptions import ValidationError as RuleBroken
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import access, door, working
from incidents.access import ApiToken
from incidents.api_base import ByName
from incidents.api_mixins import Creates, Edits, Reads, Resource
from incidents.models import (
    Change,
    Delivery,
    DeployRule,
    Integration,
    IntegrationSecret,
    MaintenanceWindow,
    Service,
    TierPolicy,
)
from incidents.permissions import MANAGE
from incidents.plugin_api import PluginSerializer
from incidents.webhooks import registry


class IntegrationSerializer(PluginSerializer):
    plugins = registry
    secrets = None
    service = ByName(queryset=Service.objects.all(), required=False, allow_null=True)
    path = serializers.SerializerMethodField(help_text="Where its sender posts to.")

    class Meta:
        model = Integration
        fields = ["id", "kind", "name", "path", "enabled", "service", "settings", "created_at"]

    def get_path(self, integration: Integration) -> str:
        return f"/hooks/{integration.slug}/"


class MadeSerializer(IntegrationSerializer):
    secret = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(IntegrationSerializer.Meta):
        fields = [*IntegrationSerializer.Meta.fields, "secret"]


class SecretSerializer(serializers.Serializer):
    secret = serializers.CharField(read_only=True, help_text="Shown this once.")
    hint = serializers.CharField(read_only=True)


class IntegrationViewSet(Reads, Edits, mixins.ListModelMixin, Resource):
    """Senders of alerts and changes. For administrators."""

    scope = "admin"
    permission = MANAGE
    queryset = Integration.objects.select_related("service")
    serializer_class = IntegrationSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=IntegrationSerializer, responses={201: MadeSerializer})
    def create(self, request: Request) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = asked.save()
        made.secret = IntegrationSecret.make(made, request.user)[1]
        return Response(MadeSerializer(made, context=self.get_serializer_context()).data, 201)

    @extend_schema(request=None, responses={201: SecretSerializer}, summary="Make another secret")
    @action(detail=True, methods=["post"])
    def secrets(self, request: Request, pk: str | None = None) -> Response:
        made, text = IntegrationSecret.make(self.get_object(), request.user)
        return Response({"secret": text, "hint": made.hint}, 201)


class DeliverySerializer(serializers.ModelSerializer):
    class Meta:
        model = Delivery
        fields = [
            "id", "integration", "sender_id", "state", "outcome", "attempts", "received_at",
            "worked_at", "text",
        ]  # fmt: skip


class DeliveryViewSet(Reads, mixins.ListModelMixin, Resource):
    """What senders delivered, and what became of it. For administrators."""

    scope = "admin"
    permission = MANAGE
    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    filterset_fields = ["integration", "state"]

    @extend_schema(request=None, responses=DeliverySerializer, summary="Work a delivery again")
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str | None = None) -> Response:
        delivery = self.get_object()
        working.replay(delivery)
        door.nudge()
        delivery.refresh_from_db()
        return Response(DeliverySerializer(delivery).data)


class ApiTokenSerializer(serializers.ModelSerializer):
    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, write_only=True,
        help_text="How long it holds; for ever, if left out.",
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = [
            "id", "name", "scope", "team", "hint", "days", "created_at", "expires_at",
            "revoked_at", "last_used_at",
        ]  # fmt: skip
        read_only_fields = ["hint", "expires_at", "revoked_at", "last_used_at"]


class NewTokenSerializer(ApiTokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "token"]


class ApiTokenViewSet(Reads, mixins.ListModelMixin, Resource):
    """The asker's own tokens. A token can make and revoke no wider one than itself."""

    queryset = ApiToken.objects.none()
    serializer_class = ApiTokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return ApiToken.objects.filter(user_id=self.request.user.pk)

    @extend_schema(request=ApiTokenSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        own = request.auth
        if isinstance(own, ApiToken):
            if not own.allows(wanted.get("scope", ApiToken.Scope.READ)):
                raise RuleBroken({"scope": f"This token may only {own.scope}."})
            if own.team and wanted.get("team") != own.team:
                raise RuleBroken({"team": f"This token is of the team {own.team}."})
        made, text = access.make_token(request.user, **wanted)
        return Response({**ApiTokenSerializer(made).data, "token": text}, 201)

    @extend_schema(request=None, responses=ApiTokenSerializer, summary="Revoke a token")
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str | None = None) -> Response:
        token = self.get_object()
        access.revoke(self.get_queryset().filter(pk=token.pk))
        return Response(ApiTokenSerializer(self.get_object()).data)


class MeSerializer(serializers.Serializer):
    user = serializers.CharField()
    scope = serializers.ChoiceField(ApiToken.Scope.choices)
    team = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class MeView(APIView):
    """Who asks, and what their token may do."""

    @extend_schema(responses=MeSerializer, summary="Who asks")
    def get(self, request: Request) -> Response:
        token = request.auth if isinstance(request.auth, ApiToken) else None
        told = {
            "user": request.user.get_username(),
            "scope": token.scope if token else ApiToken.Scope.ADMIN,
            "team": token.team if token else "",
            "expires_at": token.expires_at if token else None,
        }
        return Response(MeSerializer(told).data)


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
    "tokens": ApiTokenViewSet,
    "integrations": IntegrationViewSet,
    "deliveries": DeliveryViewSet,
    "maintenance-windows": MaintenanceWindowViewSet,
    "deploy-rules": DeployRuleViewSet,
    "tier-policies": TierPolicyViewSet,
}
VIEWS = {"me": MeView}
