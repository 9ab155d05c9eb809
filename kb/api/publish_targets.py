"""REST API of the targets to which postmortems are copied."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, viewsets

from kb.api.connections import ConnectionSerializer, ConnectionViewSet
from kb.models import PublishedCopy, PublishTarget
from kb.permissions import MANAGE_TARGETS
from kb.publishers import registry
from kb.publishing import copying


class PublishTargetSerializer(ConnectionSerializer):
    plugins = registry
    settings_changed = staticmethod(copying.settings_changed)

    class Meta:
        model = PublishTarget
        fields = [
            "id", "kind", "name", "enabled", "settings", "secrets", "secrets_unreadable",
            "automatic_since", "trouble", "created_at",
        ]  # fmt: skip
        read_only_fields = ["automatic_since", "trouble"]

    def update(self, instance: Any, validated_data: dict[str, Any]) -> PublishTarget:
        saved: PublishTarget = super().update(instance, validated_data)
        saved.refresh_from_db()  # With the time from which it copies by itself.
        return saved


@extend_schema_view(probe=extend_schema(summary="Probe a target"))
class PublishTargetViewSet(ConnectionViewSet):
    """Places elsewhere to which published postmortems are copied."""

    act = act_to_read = MANAGE_TARGETS
    queryset = PublishTarget.objects.all()
    serializer_class = PublishTargetSerializer
    probe_record = staticmethod(copying.probe)


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
