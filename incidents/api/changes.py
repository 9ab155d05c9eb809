"""REST API of changes."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers, viewsets

from incidents.api.base import NameField
from incidents.api.mixins import EtagRetrieveMixin, IdempotentCreateMixin, Resource
from incidents.intake.changes import create_change
from incidents.models import Change, Service
from incidents.search.filters import ChangeFilter


class ChangeSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())

    class Meta:
        model = Change
        fields = [
            "id", "service", "kind", "title", "version", "author", "outcome", "started_at",
            "finished_at", "url", "external_source", "external_id",
        ]  # fmt: skip
        extra_kwargs = {"started_at": {"required": False}}

    def create(self, validated_data: dict[str, Any]) -> Change:
        return create_change(**validated_data)


class ChangeViewSet(IdempotentCreateMixin, EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    queryset = Change.objects.select_related("service")
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"changes": ChangeViewSet}
