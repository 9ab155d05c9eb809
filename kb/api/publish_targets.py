"""REST API of the targets to which postmortems are copied."""

from __future__ import annotations

from typing import Any

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
from incidents.api.plugins import PluginSerializer, ProbeSerializer
from kb.models import PublishedCopy, PublishTarget
from kb.permissions import MANAGE_TARGETS
from kb.publishers import registry
from kb.publishing import copying
from kb.remote_api import RemoteError


class PublishTargetSerializer(PluginSerializer):
    plugins = registry

    class Meta:
        model = PublishTarget
        fields = [
            "id", "kind", "name", "enabled", "settings", "secrets", "secrets_unreadable",
            "automatic_since", "trouble", "created_at",
        ]  # fmt: skip
        read_only_fields = ["automatic_since", "trouble"]

    def update(self, instance: Any, validated_data: dict[str, Any]) -> PublishTarget:
        saved: PublishTarget = super().update(instance, validated_data)
        copying.settings_changed(saved)
        saved.refresh_from_db()
        return saved


class PublishTargetViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Places elsewhere to which published postmortems are copied."""

    act = act_to_read = MANAGE_TARGETS
    queryset = PublishTarget.objects.all()
    serializer_class = PublishTargetSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=None, responses=ProbeSerializer, summary="Probe a target")
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str | None = None) -> Response:
        target = self.get_object()
        try:
            result = {"well": True, "answer": copying.probe(target)}
        except RemoteError as error:
            result = {"well": False, "answer": error.in_full}
        return Response(ProbeSerializer(result).data)


class PublishedCopySerializer(serializers.ModelSerializer):
    """The copy of a postmortem elsewhere. `version` is that of the text which is there."""

    target = serializers.SlugRelatedField[PublishTarget](
        "name", queryset=PublishTarget.objects.filter(enabled=True), help_text="Its name."
    )

    class Meta:
        model = PublishedCopy
        fields = ["target", "url", "version", "state", "error", "copied_at"]
        read_only_fields = ["url", "version", "state", "error", "copied_at"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"publish-targets": PublishTargetViewSet}
