"""REST API of custom fields: their definitions, and their values on incidents and services."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets

from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.api.named import NamedMixin
from incidents.custom_field_definitions import save_field
from incidents.custom_fields.values import by_name
from incidents.models import CustomField
from incidents.models.custom_field import LONGEST_CHOICE, MOST_CHOICES
from incidents.permissions import MANAGE_FIELDS

MOST_VALUES = 100


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "string", "maxLength": 500}, {"type": "number"}, {"type": "null"}]
        },
        "maxProperties": MOST_VALUES,
        "description": "Values by the names of custom fields. Fields that are left out stay as "
        "they are; null or an empty text clears one.",
        "example": {"customer": "acme", "seats": 12},
    }
)
class CustomValuesField(serializers.Field):
    """Values by name; what they may be, the rule says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> dict[str, str | int | float]:
        return by_name(value)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give an object: names of fields with values.")
        if len(data) > MOST_VALUES:
            raise serializers.ValidationError(f"At most {MOST_VALUES} values.")
        return data


class CustomFieldSerializer(serializers.ModelSerializer):
    choices = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_CHOICE), max_length=MOST_CHOICES,
        required=False, help_text="Of the kind `choice`.",
    )  # fmt: skip

    class Meta:
        model = CustomField
        fields = [
            "id", "name", "label", "description", "belongs_to", "kind", "choices", "needed",
            "needed_to_resolve", "feeds_similarity", "position", "archived",
        ]  # fmt: skip

    def create(self, validated_data: dict[str, Any]) -> CustomField:
        return save_field(CustomField(), self.context["request"].user, **validated_data)

    def update(self, instance: CustomField, validated_data: dict[str, Any]) -> CustomField:
        return save_field(instance, self.context["request"].user, **validated_data)


class CustomFieldViewSet(
    NamedMixin,
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Fields that a team adds to incidents or services. None is deleted: archive it."""

    act = MANAGE_FIELDS
    queryset: QuerySet[CustomField] = CustomField.objects.all()
    serializer_class = CustomFieldSerializer
    filterset_fields = ["belongs_to", "kind", "archived"]
    http_method_names = ["get", "post", "patch", "head", "options"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"custom-fields": CustomFieldViewSet}
