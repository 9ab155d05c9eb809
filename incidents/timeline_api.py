"""REST API of timelines, alerts, changes and of what a person is told."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents import telling
from incidents.api_base import ByName
from incidents.api_mixins import Creates, Edits, Reads, Resource
from incidents.models import Alert, Change, Notice, Service, TimelineEntry
from incidents.permissions import visible_alerts, visible_incidents
from incidents.search import AlertFilter, ChangeFilter


class TimelineEntrySerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    text = serializers.CharField(max_length=50_000)

    class Meta:
        model = TimelineEntry
        fields = ["id", "incident", "at", "kind", "text", "author", "pinned", "hidden", "edited_at"]
        read_only_fields = ["incident", "kind", "edited_at"]

    def update(self, instance: TimelineEntry, validated_data: dict[str, Any]) -> TimelineEntry:
        for what in ("pinned", "hidden"):
            if what in validated_data and validated_data[what] != getattr(instance, what):
                telling.mark_entry(instance, what)
        written = {name: validated_data[name] for name in ("text", "at") if name in validated_data}
        return telling.edit_entry(instance, **written) if written else instance


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=50_000)
    at = serializers.DateTimeField(required=False, help_text="When it happened; now, if left out.")


class TimelineEntryViewSet(Reads, Edits, mixins.ListModelMixin, Resource):
    """What was written on timelines. An entry keeps its kind; what was hidden is kept too."""

    queryset = TimelineEntry.objects.none()
    serializer_class = TimelineEntrySerializer
    filterset_fields = ["incident", "kind", "pinned", "hidden"]
    http_method_names = ["get", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[TimelineEntry]:
        if getattr(self, "swagger_fake_view", False):
            return TimelineEntry.objects.none()
        seen = visible_incidents(self.request.user).values("pk")
        return TimelineEntry.objects.filter(incident__in=seen).select_related("author")


class ChangeSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())

    class Meta:
        model = Change
        fields = [
            "id", "service", "kind", "title", "version", "author", "outcome", "started_at",
            "finished_at", "url", "external_source", "external_id",
        ]  # fmt: skip
        extra_kwargs = {"started_at": {"required": False}}


class AlertSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name", read_only=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id", "name", "summary", "severity", "status", "labels", "service", "incident",
            "joined_because", "starts_at", "ends_at", "url",
        ]  # fmt: skip


class ChangeViewSet(Creates, Reads, mixins.ListModelMixin, Resource):
    queryset = Change.objects.select_related("service")
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter


class AlertViewSet(Reads, mixins.ListModelMixin, Resource):
    """Alerts as they came, and why each is part of its incident; newest first."""

    queryset = Alert.objects.none()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        if getattr(self, "swagger_fake_view", False):
            return Alert.objects.none()
        return visible_alerts(self.request.user).select_related("service")


class NoticeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notice
        fields = ["id", "text", "path", "created_at", "read_at"]


class NoticeViewSet(Reads, mixins.ListModelMixin, Resource):
    """What the asker should know, newest first."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        return Notice.objects.filter(user_id=self.request.user.pk)

    @extend_schema(request=None, responses=NoticeSerializer, summary="Mark a notice as read")
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str | None = None) -> Response:
        notice = self.get_object()
        notice.read_at = notice.read_at or timezone.now()
        notice.save()
        return Response(NoticeSerializer(notice).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "alerts": AlertViewSet,
    "changes": ChangeViewSet,
    "notices": NoticeViewSet,
    "timeline-entries": TimelineEntryViewSet,
}
