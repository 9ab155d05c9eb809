"""REST API of the onboarding board."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import mixins, serializers, viewsets

from incidents.api.base import NameField
from incidents.api.mixins import EtagRetrieveMixin, IdempotentCreateMixin, Resource
from incidents.models import Service
from people.permissions import require
from practice import onboarding_board
from practice.models import Engagement, Phase
from practice.permissions import REVIEW_READINESS


class EngagementSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())
    owner = serializers.SlugRelatedField(
        "username",
        queryset=get_user_model().objects.filter(is_active=True),
        allow_null=True,
        required=False,
    )
    phase = serializers.ChoiceField(Phase.choices)
    state = serializers.ChoiceField(Engagement.State.choices)

    class Meta:
        model = Engagement
        fields = ["id", "service", "phase", "state", "owner", "due_on", "evidence", "updated_at"]
        # Posting a phase again updates it.
        validators: list[Any] = []
        extra_kwargs = {"evidence": {"max_length": 5000}}

    def create(self, validated_data: dict[str, Any]) -> Engagement:
        require(self.context["request"].user, REVIEW_READINESS, validated_data["service"])
        return onboarding_board.set_phase(**validated_data)


class EngagementViewSet(IdempotentCreateMixin, EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Phases of onboarding, by service."""

    act = REVIEW_READINESS
    queryset = Engagement.objects.select_related("service", "owner")
    serializer_class = EngagementSerializer
    filterset_fields = ["service__name", "phase", "state"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"engagements": EngagementViewSet}
