"""REST API of what is coming."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.base import NameField, TeamField, validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.models import Service
from people.membership import active_people
from practice.announcements import announcing
from practice.announcements.assessment import past_causes, questions
from practice.announcements.comparison import compare
from practice.models import Announcement, Engagement, Phase
from practice.permissions import ANNOUNCE, REVIEW_READINESS


class PhaseSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.username", default=None, read_only=True)

    class Meta:
        model = Engagement
        fields = ["phase", "state", "owner", "due_on"]
        read_only_fields = fields


class AnnouncementSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all(), allow_null=True, required=False)
    team = TeamField(source="owner", required=False)
    depends_on = NameField(queryset=Service.objects.all(), many=True, required=False)
    expected_rate = serializers.FloatField(
        min_value=0, max_value=1e9, allow_null=True, required=False,
        help_text="Requests a second at the peak.",
    )  # fmt: skip
    author = serializers.CharField(source="author.username", default=None, read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, read_only=True)
    phases = PhaseSerializer(many=True, read_only=True)

    class Meta:
        model = Announcement
        fields = [
            "id", "title", "service", "new_service", "team", "tier", "planned_on", "flows",
            "expected_rate", "depends_on", "author", "external_url", "created_at",
            "state", "decision", "decided_by", "decided_at", "phases",
        ]  # fmt: skip
        read_only_fields = ["external_url", "state", "decision", "decided_at"]
        extra_kwargs = {"flows": {"max_length": 5000}}

    def create(self, validated_data: dict[str, Any]) -> Announcement:
        return announcing.announce(signed_in(self.context["request"]), **validated_data)

    def update(self, instance: Announcement, validated_data: dict[str, Any]) -> Announcement:
        author = signed_in(self.context["request"])
        return announcing.announce(author, announcement=instance, **validated_data)


class PromiseSerializer(serializers.Serializer):
    phase = serializers.ChoiceField(Phase.choices)
    due_on = serializers.DateField()
    owner = serializers.SlugRelatedField[User](
        "username", queryset=active_people(), allow_null=True, default=None
    )


class DecisionSerializer(serializers.Serializer):
    state = serializers.ChoiceField(Announcement.State.choices)
    decision = serializers.CharField(max_length=5000, allow_blank=True, default="")
    promises = PromiseSerializer(many=True, default=list)


class PastCauseSerializer(serializers.Serializer):
    service = serializers.CharField()
    cause = serializers.CharField()
    path = serializers.CharField(source="cause.get_absolute_url")
    incidents = serializers.IntegerField()
    last = serializers.DateTimeField()
    in_words = serializers.CharField()


class QuestionSerializer(serializers.Serializer):
    text = serializers.CharField()
    why = serializers.CharField()
    answer = serializers.CharField(source="answer.verdict", default=None)


class ComparisonSerializer(serializers.Serializer):
    what = serializers.CharField()
    announced = serializers.CharField()
    now = serializers.CharField()
    differs = serializers.BooleanField()


class AssessmentSerializer(serializers.Serializer):
    """What history says of its neighbours, what to answer, and what reached production."""

    past = PastCauseSerializer(many=True)
    questions = QuestionSerializer(many=True)
    comparison = ComparisonSerializer(many=True)


class AnnouncementViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    """What teams will bring to production."""

    act = ANNOUNCE
    acts = {"decide": REVIEW_READINESS}
    queryset = Announcement.objects.select_related(
        "service", "owner", "author", "decided_by"
    ).prefetch_related("depends_on", "phases__owner")
    serializer_class = AnnouncementSerializer
    filterset_fields = ["service__name", "state", "tier"]
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(responses=AssessmentSerializer, summary="History, questions and comparison")
    @action(detail=True)
    def assessment(self, request: Request, pk: str | None = None) -> Response:
        row = self.get_object()
        past = past_causes(row, request.user)
        found = {
            "past": past, "questions": questions(row, past),
            "comparison": compare(row, request.user),
        }  # fmt: skip
        return Response(AssessmentSerializer(found).data)

    @extend_schema(
        request=DecisionSerializer, responses=AnnouncementSerializer,
        summary="Decide on an announcement",
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str | None = None) -> Response:
        fields = validated_body(request, DecisionSerializer)
        promises = [announcing.Promise(**each) for each in fields.pop("promises")]
        announcing.decide(self.get_object(), signed_in(request), promises=promises, **fields)
        return Response(self.get_serializer(self.get_object()).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"announcements": AnnouncementViewSet}
