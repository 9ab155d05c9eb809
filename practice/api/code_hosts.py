"""REST API of code hosts, for those who manage them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
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
from practice.code_hosts import registry
from practice.code_hosts.base import RemoteError
from practice.models import CodeHost
from practice.permissions import MANAGE_CODE_HOSTS
from practice.records import code_hosts


class CodeHostSerializer(PluginSerializer):
    plugins = registry

    class Meta:
        model = CodeHost
        fields = [
            "id", "kind", "name", "enabled", "settings", "secrets", "secrets_unreadable", "trouble",
            "created_at",
        ]  # fmt: skip
        read_only_fields = ["trouble"]

    def update(self, instance: CodeHost, validated_data: dict[str, Any]) -> CodeHost:
        saved: CodeHost = super().update(instance, validated_data)
        code_hosts.settings_changed(saved)
        return saved


class CodeHostViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Code hosts, which show load tests beside their commits."""

    act = act_to_read = MANAGE_CODE_HOSTS
    queryset = CodeHost.objects.all()
    serializer_class = CodeHostSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=None, responses=ProbeSerializer, summary="Probe a code host")
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str | None = None) -> Response:
        host = self.get_object()
        try:
            result = {"well": True, "answer": code_hosts.probe(host)}
        except RemoteError as error:
            result = {"well": False, "answer": error.in_full}
        return Response(ProbeSerializer(result).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"code-hosts": CodeHostViewSet}
