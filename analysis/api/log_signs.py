"""REST API of log lines that were new or burst outside incidents, and of what is watched."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import ValidationError

from analysis.evidence.log_watch import watchable
from analysis.models import LogSign, LogWatch, Source
from analysis.permissions import MANAGE_SOURCES, visible_signs
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.permissions import visible_incidents


class LogSignSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name")
    source = serializers.CharField(  # type: ignore[assignment]  # a field named so, not an option
        source="source.name"
    )
    incident = serializers.SerializerMethodField(
        help_text="The incident that it opened, if you may see it."
    )

    class Meta:
        model = LogSign
        fields = [
            "id", "service", "source", "kind", "template_id", "example", "error", "count",
            "usual", "at", "last_at", "incident",
        ]  # fmt: skip
        read_only_fields = fields

    def get_incident(self, row: LogSign) -> int | None:
        visible = visible_incidents(self.context["request"].user)
        shown = row.incident_id and visible.filter(pk=row.incident_id).exists()
        return row.incident_id if shown else None


class LogSignViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    queryset = LogSign.objects.none()
    serializer_class = LogSignSerializer
    filterset_fields = ["service__name", "kind", "error"]

    def get_queryset(self) -> QuerySet[LogSign]:
        if getattr(self, "swagger_fake_view", False):
            return LogSign.objects.none()
        return visible_signs(self.request.user).select_related("service", "source")


class LogWatchSerializer(serializers.ModelSerializer):
    source = serializers.SlugRelatedField(  # type: ignore[assignment]  # as above
        slug_field="name", queryset=Source.objects.all()
    )

    class Meta:
        model = LogWatch
        fields = ["id", "source", "enabled", "opens"]

    def validate_source(self, source: Source) -> Source:
        if not watchable(source):
            raise ValidationError("This source has no log lines.")
        return source


class LogWatchViewSet(
    EtagRetrieveMixin,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    Resource,
):
    """Sources that are watched for new lines. For users who may manage sources."""

    act = act_to_read = MANAGE_SOURCES
    queryset = LogWatch.objects.select_related("source")
    serializer_class = LogWatchSerializer


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "log-signs": LogSignViewSet,
    "log-watches": LogWatchViewSet,
}
