"""REST API of action items."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from incidents.api.base import VisibleRecordField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from kb.models import ActionItem
from kb.permissions import (
    EDIT_ACTIONS,
    WRITE_POSTMORTEMS,
    visible_actions,
    visible_causes,
    visible_postmortems,
)
from kb.postmortems import action_items


class ActionItemSerializer(serializers.ModelSerializer):
    postmortem = VisibleRecordField(visible_postmortems)
    cause = VisibleRecordField(visible_causes, required=False, allow_null=True)
    is_overdue = serializers.BooleanField(read_only=True)
    owner = serializers.SlugRelatedField(
        "username", queryset=get_user_model().objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = ActionItem
        fields = [
            "id", "title", "kind", "state", "owner", "owner_named", "due_on", "tracker_url",
            "postmortem", "cause", "is_overdue", "created_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = ["owner_named", "closed_at"]

    def create(self, validated_data: dict[str, Any]) -> ActionItem:
        author = self.context["request"].user
        return action_items.add_action(
            validated_data.pop("postmortem"), author=author, **validated_data
        )

    def update(self, instance: ActionItem, validated_data: dict[str, Any]) -> ActionItem:
        return action_items.edit_action(instance, self.context["request"].user, **validated_data)


class ActionItemViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    """Action items of postmortems, with owner and due date."""

    act = EDIT_ACTIONS
    acts = {"create": WRITE_POSTMORTEMS}
    queryset = ActionItem.objects.none()
    serializer_class = ActionItemSerializer
    filterset_fields = ["state", "kind", "postmortem", "cause", "owner__username"]
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[ActionItem]:
        if getattr(self, "swagger_fake_view", False):
            return ActionItem.objects.none()
        return visible_actions(self.request.user).select_related("owner")


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"actions": ActionItemViewSet}
