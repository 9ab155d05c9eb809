"""REST API of connections from which history is imported."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.base import validated_body
from incidents.permissions import IMPORT_HISTORY
from kb.api.connections import ConnectionSerializer, ConnectionViewSet
from kb.history_reading import connecting, reading
from kb.history_sources import registry
from kb.models import HistoryConnection, HistoryReading


class HistoryConnectionSerializer(ConnectionSerializer):
    plugins = registry
    settings_changed = staticmethod(connecting.settings_changed)

    class Meta:
        model = HistoryConnection
        fields = [
            "id", "kind", "name", "enabled", "settings", "secrets", "secrets_unreadable",
            "followed_to", "trouble", "created_at",
        ]  # fmt: skip
        read_only_fields = ["followed_to", "trouble"]


class HistoryReadingSerializer(serializers.ModelSerializer):
    """How far a preview, an import or the reading of changes is, and what it brought."""

    counts = serializers.DictField(
        child=serializers.IntegerField(), read_only=True,
        help_text="new, changed, same, skipped; postmortems, links, actions, alerts.",
    )  # fmt: skip
    found = serializers.SerializerMethodField(
        help_text="Beginnings of lists: titles, services, causes, and why what could not be read."
    )

    class Meta:
        model = HistoryReading
        fields = [
            "purpose", "state", "error", "progress", "pages", "since", "began_at", "finished_at",
            "not_before", "counts", "found",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_found(self, row: HistoryReading) -> Any:
        return row.found


class ReadingStartSerializer(serializers.Serializer):
    purpose = serializers.ChoiceField(
        ["preview", "import"], help_text="A preview says what would come and stores nothing."
    )


@extend_schema_view(probe=extend_schema(summary="Probe a connection"))
class HistoryConnectionViewSet(ConnectionViewSet):
    """Products from whose API history is imported."""

    act = act_to_read = IMPORT_HISTORY
    queryset = HistoryConnection.objects.all()
    serializer_class = HistoryConnectionSerializer
    probe_record = staticmethod(connecting.probe)

    @extend_schema(responses=HistoryReadingSerializer(many=True), summary="Readings", filters=False)
    @action(detail=True, pagination_class=None)
    def readings(self, request: Request, pk: str | None = None) -> Response:
        rows = self.get_object().readings.order_by("pk")
        return Response(HistoryReadingSerializer(rows, many=True).data)

    @extend_schema(
        request=ReadingStartSerializer,
        responses={202: HistoryReadingSerializer},
        summary="Begin a preview or the import",
    )
    @readings.mapping.post
    def start(self, request: Request, pk: str | None = None) -> Response:
        connection = self.get_object()
        data = validated_body(request, ReadingStartSerializer)
        started = reading.start_reading(connection, data["purpose"])
        return Response(HistoryReadingSerializer(started).data, 202)

    @extend_schema(
        request=None,
        responses=HistoryReadingSerializer(many=True),
        summary="Stop what is under way",
        filters=False,
    )
    @action(detail=True, methods=["post"], pagination_class=None)
    def stop(self, request: Request, pk: str | None = None) -> Response:
        connection = self.get_object()
        reading.stop_reading(connection)
        rows = connection.readings.order_by("pk")
        return Response(HistoryReadingSerializer(rows, many=True).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "history-connections": HistoryConnectionViewSet
}
