"""REST API of evidence."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from analysis.models import Evidence, Finding
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.permissions import visible_incidents


class FindingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Finding
        fields = ["id", "kind", "text", "onset", "score", "found_at"]


class EvidenceSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service.name", default=None)
    findings = FindingSerializer(many=True)
    gaps = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Evidence
        fields = [
            "id", "incident", "service", "kind", "what", "unit", "source_name", "query",
            "window_start", "window_end", "taken_at", "took_ms", "gaps", "digest", "thinned_at",
            "full_digest", "findings",
        ]  # fmt: skip


class EvidenceDetailSerializer(EvidenceSerializer):
    items = serializers.ListField(
        child=serializers.DictField(),
        help_text="Series {labels, times, values}, lines {at, text} or traces {id, spans}.",
    )

    class Meta(EvidenceSerializer.Meta):
        fields = [*EvidenceSerializer.Meta.fields, "items"]


class EvidenceViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    queryset = Evidence.objects.none()
    filterset_fields = ["incident", "kind"]

    def get_queryset(self) -> QuerySet[Evidence]:
        if getattr(self, "swagger_fake_view", False):
            return Evidence.objects.none()
        visible = visible_incidents(self.request.user).values("pk")
        found = Evidence.objects.filter(incident__in=visible).select_related("service")
        return found.prefetch_related("findings")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return EvidenceDetailSerializer if self.action == "retrieve" else EvidenceSerializer


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"evidence": EvidenceViewSet}
