"""REST API of the timeline."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents import timeline
from incidents.api.mixins import EtagRetrieveMixin, EtagUpdateMixin, Resource
from incidents.models import TimelineEntry, TimelineVersion
from incidents.permissions import EDIT_INCIDENTS, visible_incidents


class TimelineEntrySerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    text = serializers.CharField(max_length=50_000)

    class Meta:
        model = TimelineEntry
        fields = ["id", "incident", "at", "kind", "text", "author", "pinned", "hidden", "edited_at"]
        read_only_fields = ["incident", "kind", "edited_at"]

    def update(self, instance: TimelineEntry, validated_data: dict[str, Any]) -> TimelineEntry:
        author = self.context["request"].user
        for what in ("pinned", "hidden"):
            if what in validated_data and validated_data[what] != getattr(instance, what):
                timeline.mark_entry(instance, author, what)
        edits = {name: validated_data[name] for name in ("text", "at") if name in validated_data}
        return timeline.edit_entry(instance, author, **edits) if edits else instance


class TimelineVersionSerializer(serializers.ModelSerializer):
    replaced_by = serializers.CharField(source="replaced_by.username", default=None)

    class Meta:
        model = TimelineVersion
        fields = ["id", "text", "at", "replaced_at", "replaced_by"]
        read_only_fields = fields


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=50_000)
    at = serializers.DateTimeField(required=False, help_text="When it happened; default: now.")


class TimelineEntryViewSet(EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource):
    """Stored timeline entries, hidden ones too. The kind of an entry cannot change."""

    act = EDIT_INCIDENTS
    queryset = TimelineEntry.objects.none()
    serializer_class = TimelineEntrySerializer
    filterset_fields = ["incident", "kind", "pinned", "hidden"]
    http_method_names = ["get", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[TimelineEntry]:
        if getattr(self, "swagger_fake_view", False):
            return TimelineEntry.objects.none()
        seen = visible_incidents(self.request.user).values("pk")
        return TimelineEntry.objects.filter(incident__in=seen).select_related("author", "incident")

    @extend_schema(
        responses=TimelineVersionSerializer(many=True),
        summary="What the entry said before it was edited, newest first",
        filters=False,
    )
    @action(detail=True, pagination_class=None, filterset_fields=[])
    def versions(self, request: Request, pk: str | None = None) -> Response:
        rows = self.get_object().versions.select_related("replaced_by")
        return Response(TimelineVersionSerializer(rows, many=True).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"timeline-entries": TimelineEntryViewSet}
