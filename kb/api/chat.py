"""REST API of chat workspaces, their rules and what was told. For administrators."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.plugins import PluginSerializer
from incidents.api.resources import Creates, Edits, Reads, Resource
from incidents.events.outbox import KINDS
from kb import notifications
from kb.chat import registry
from kb.chatops import endpoints
from kb.models import Rule, Telling, Workspace
from kb.permissions import MANAGE_WORKSPACES


class WorkspaceSerializer(PluginSerializer):
    plugins = registry
    path = serializers.SerializerMethodField(help_text="Where the platform posts to.")

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
        endpoints.forget(saved.slug)
        return saved


class _Managed(Resource):
    scope = "admin"
    permission = MANAGE_WORKSPACES


class WorkspaceViewSet(Creates, Reads, Edits, mixins.ListModelMixin, _Managed):
    queryset = Workspace.objects.all()
    serializer_class = WorkspaceSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]


class RuleSerializer(serializers.ModelSerializer):
    events = serializers.ListField(child=serializers.ChoiceField(list(KINDS.items())))

    class Meta:
        model = Rule
        fields = [
            "id", "workspace", "channel", "events", "severity", "team", "quiet_from", "quiet_until",
            "zone", "sev1_breaks_quiet",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row = self.instance or Rule()
        for name, value in attrs.items():
            setattr(row, name, value)
        notifications.check_rule(row)
        return attrs


class RuleViewSet(Creates, Reads, Edits, mixins.DestroyModelMixin, mixins.ListModelMixin, _Managed):
    """Which events a channel is told of."""

    queryset = Rule.objects.all()
    serializer_class = RuleSerializer
    filterset_fields = ["workspace"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class TellingSerializer(serializers.ModelSerializer):
    text = serializers.CharField(source="event.text", read_only=True)

    class Meta:
        model = Telling
        fields = [
            "id", "rule", "event", "text", "state", "attempts", "error", "created_at", "not_before",
            "finished_at",
        ]  # fmt: skip


class TellingViewSet(Reads, mixins.ListModelMixin, _Managed):
    """What was told, what is still to be told, and why something was not."""

    queryset = Telling.objects.filter(event__incident__private=False).select_related("event")
    serializer_class = TellingSerializer
    filterset_fields = ["rule", "state"]

    @extend_schema(request=None, responses=TellingSerializer, summary="Tell it once more")
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str | None = None) -> Response:
        telling = self.get_object()
        notifications.replay(telling)
        return Response(TellingSerializer(telling).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "chat-workspaces": WorkspaceViewSet,
    "chat-rules": RuleViewSet,
    "chat-tellings": TellingViewSet,
}
