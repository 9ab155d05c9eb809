"""REST API of changes."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers, viewsets

from incidents.api.base import NameField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.intake.changes import create_change, edit_change
from incidents.models import Change, Service
from incidents.permissions import REPORT_CHANGES
from incidents.search.filters import ChangeFilter

EDITABLE = {"counts", "environment", "branch"}
"""What a person may correct; the rest is what was reported."""


class ChangeSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())

    class Meta:
        model = Change
        fields = [
            "id", "service", "kind", "title", "version", "author", "outcome", "started_at",
            "finished_at", "url", "external_source", "external_id", "environment", "branch",
            "counts", "counts_reason",
        ]  # fmt: skip
        extra_kwargs = {
            "started_at": {"required": False},
            "environment": {"required": False},
            "branch": {"required": False},
            "counts": {"required": False},
        }
        read_only_fields = ["counts_reason"]

    def create(self, validated_data: dict[str, Any]) -> Change:
        return create_change(self._person(), **validated_data)

    def update(self, instance: Change, validated_data: dict[str, Any]) -> Change:
        return edit_change(instance, self._person(), **validated_data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            fixed = sorted(set(self.initial_data) - EDITABLE)
            if fixed:
                why = f"Only {', '.join(sorted(EDITABLE))} can be edited."
                raise serializers.ValidationError({name: [why] for name in fixed})
        return attrs

    def _person(self) -> str:
        return str(self.context["request"].user)


class ChangeViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Deploys and other changes. `PATCH` says where one was made and whether it counts."""

    act = REPORT_CHANGES
    http_method_names = ["get", "post", "patch", "head", "options"]
    queryset = Change.objects.select_related("service")
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"changes": ChangeViewSet}
