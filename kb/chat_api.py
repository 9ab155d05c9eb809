"""REST API of chat workspaces, their rules and what was told. For administrators."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api_mixins import Creates, Edits, Reads, Resource, defaults_of
from incidents.events import KINDS
from kb import chat_door, notifying
from kb.chat import registry
from kb.chat_views import MANAGE
from kb.models import Rule, Telling, Workspace


class WorkspaceSerializer(serializers.ModelSerializer):
    """Secrets are written, never read."""

    path = serializers.SerializerMethodField(help_text="Where the platform posts to.")
    settings = serializers.DictField(required=False)
    secrets = serializers.DictField(
        child=serializers.CharField(), required=False, write_only=True,
        help_text="Only those given are replaced.",
    )  # fmt: skip

    class Meta:
        model = Workspace
        fields = ["id", "kind", "name", "path", "enabled", "settings", "secrets", "created_at"]

    def get_path(self, row: Workspace) -> str:
        return f"/chat/{row.slug}/"

    def validate_kind(self, kind: str) -> str:
        if kind not in registry():
            raise serializers.ValidationError(f"There are: {', '.join(registry())}.")
        if self.instance and self.instance.kind != kind:
            raise serializers.ValidationError("The kind cannot change: make another workspace.")
        return kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        former = self.instance
        kind = attrs.get("kind") or (former.kind if former else "")
        form_class = registry()[kind].SettingsForm
        kept = {**(former.secrets if former else {}), **attrs.pop("secrets", {})}
        settings = attrs.get("settings", former.settings if former else {})
        form = form_class({**defaults_of(form_class), **settings, **kept})
        if not form.is_valid():
            raise serializers.ValidationError({"settings": form.errors})
        hidden = getattr(form, "secret_fields", ())
        data = form.cleaned_data
        attrs["settings"] = {key: data[key] for key in data if key not in hidden}
        attrs["secrets"] = {key: data[key] for key in hidden if data[key]}
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Workspace:
        return self._write(Workspace(), validated_data)

    def update(self, instance: Workspace, validated_data: dict[str, Any]) -> Workspace:
        return self._write(instance, validated_data)

    def _write(self, row: Workspace, fields: dict[str, Any]) -> Workspace:
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
        chat_door.forget(row.slug)
        return row


class _Managed(Resource):
    scope = "admin"
    permission = MANAGE


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
        notifying.check_rule(row)
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
        notifying.replay(telling)
        return Response(TellingSerializer(telling).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "chat-workspaces": WorkspaceViewSet,
    "chat-rules": RuleViewSet,
    "chat-tellings": TellingViewSet,
}
