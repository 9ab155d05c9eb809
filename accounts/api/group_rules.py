"""REST API of the rules that give roles and teams to groups of an identity provider."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers, viewsets

from accounts.people import group_rules
from common.viewer import signed_in
from incidents.api.base import TeamField
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from people.models import GroupRule, Role
from people.permissions import MANAGE_PEOPLE


class GroupRuleSerializer(serializers.ModelSerializer):
    role = serializers.ChoiceField(Role.choices, required=False, allow_blank=True)
    team = TeamField(required=False)

    class Meta:
        model = GroupRule
        fields = ["id", "group", "provider", "role", "team"]
        # The rule checks it; that of the serializer would want all fields each time.
        validators: list[Any] = []

    def create(self, validated_data: dict[str, Any]) -> GroupRule:
        return group_rules.save_rule(GroupRule(), self.context["request"].user, **validated_data)

    def update(self, instance: GroupRule, validated_data: dict[str, Any]) -> GroupRule:
        return group_rules.save_rule(instance, self.context["request"].user, **validated_data)


class GroupRuleViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.DestroyModelMixin,
    mixins.ListModelMixin, Resource,
):  # fmt: skip
    """What members of a group are here, from their next sign-in on; for administrators."""

    queryset = GroupRule.objects.select_related("team")
    serializer_class = GroupRuleSerializer
    filterset_fields = ["group", "provider"]
    act = act_to_read = MANAGE_PEOPLE
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_destroy(self, instance: GroupRule) -> None:
        group_rules.delete_rule(instance, signed_in(self.request))


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"group-rules": GroupRuleViewSet}
