"""What the API of every connection has: settings by its plug-in, and a probe."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
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
from kb.remote_api import RemoteError


class ConnectionSerializer(PluginSerializer):
    @staticmethod
    def settings_changed(row: Any, /) -> None:
        """Called after a record was edited."""
        raise NotImplementedError

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        saved = super().update(instance, validated_data)
        self.settings_changed(saved)
        return saved


class ConnectionViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    http_method_names = ["get", "post", "patch", "head", "options"]

    @staticmethod
    def probe_record(row: Any, /) -> str:
        """A sentence that says that the settings are right. Raises RemoteError."""
        raise NotImplementedError

    @extend_schema(request=None, responses=ProbeSerializer, summary="Probe it")
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str | None = None) -> Response:
        row = self.get_object()
        try:
            result = {"well": True, "answer": self.probe_record(row)}
        except RemoteError as error:
            result = {"well": False, "answer": error.in_full}
        return Response(ProbeSerializer(result).data)
