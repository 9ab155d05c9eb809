"""REST API of rules that open channels for incidents, and of those channels."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.base import NameField, TeamField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import NamedMixin
from incidents.models import Service
from kb.channels import syncing
from kb.channels.listing import address_of, shown_channels
from kb.channels.rules import check_rule
from kb.models import ChannelRule, OpenedChannel
from kb.permissions import MANAGE_WORKSPACES


class ChannelRuleSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all(), allow_null=True, required=False)
    team = TeamField(required=False)

    class Meta:
        model = ChannelRule
        fields = [
            "id", "name", "workspace", "severity", "service", "team", "private_incidents",
            "name_pattern", "invite_on_call", "archive_after_days", "created_at",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row = self.instance or ChannelRule()
        for name, value in attrs.items():
            setattr(row, name, value)
        check_rule(row)
        return attrs


class ChannelRuleViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    Resource,
):
    """For which new incidents a workspace gets a channel."""

    act = act_to_read = MANAGE_WORKSPACES
    queryset = ChannelRule.objects.select_related("workspace", "service", "team")
    serializer_class = ChannelRuleSerializer
    filterset_fields = ["workspace"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class OpenedChannelSerializer(serializers.ModelSerializer):
    workspace = serializers.CharField(source="workspace.name", read_only=True)
    url = serializers.SerializerMethodField(help_text="Where a browser opens it.")
    note = serializers.CharField(
        source="error", read_only=True, help_text="Why it failed, or why nothing more is done."
    )

    class Meta:
        model = OpenedChannel
        fields = [
            "id", "workspace", "incident", "channel", "name", "url", "is_private", "state",
            "attempts", "note", "created_at", "not_before", "synced_at", "archived_at",
        ]  # fmt: skip

    def get_url(self, row: OpenedChannel) -> str:
        return address_of(row)


class OpenedChannelViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Channels of incidents that rules opened, of incidents that you may see."""

    act = MANAGE_WORKSPACES
    queryset = OpenedChannel.objects.none()
    serializer_class = OpenedChannelSerializer
    filterset_fields = ["incident", "workspace", "state"]

    def get_queryset(self) -> QuerySet[OpenedChannel]:
        if getattr(self, "swagger_fake_view", False):
            return OpenedChannel.objects.none()
        return shown_channels(self.request.user).select_related("workspace")

    @extend_schema(request=None, responses=OpenedChannelSerializer, summary="Try it again")
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str | None = None) -> Response:
        channel = self.get_object()
        syncing.try_again(channel)
        channel.refresh_from_db()
        return Response(OpenedChannelSerializer(channel).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "chat-channel-rules": ChannelRuleViewSet,
    "chat-channels": OpenedChannelViewSet,
}
