"""REST API of readiness reviews."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.base import NameField, validated_body
from incidents.api.mixins import EtagRetrieveMixin, IdempotentCreateMixin, Resource
from incidents.models import Service
from people.permissions import require
from practice.models import (
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
)
from practice.permissions import REVIEW_READINESS, visible_findings
from practice.readiness import reviews


class ReadinessAnswerSerializer(serializers.ModelSerializer):
    question = serializers.CharField(source="item.question", read_only=True)
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = ReadinessAnswer
        fields = ["item", "question", "verdict", "note", "evidence", "auto", "author"]
        read_only_fields = ["auto"]
        extra_kwargs = {"note": {"max_length": 5000}}


class ReadinessReviewSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())
    checklist = serializers.CharField(read_only=True)
    answers = ReadinessAnswerSerializer(many=True, read_only=True)

    class Meta:
        model = ReadinessReview
        fields = [
            "id",
            "service",
            "checklist",
            "started_at",
            "closed_at",
            "expires_on",
            "score",
            "answers",
        ]
        read_only_fields = ["closed_at", "expires_on", "score"]

    def create(self, validated_data: dict[str, Any]) -> ReadinessReview:
        author = self.context["request"].user
        require(author, REVIEW_READINESS, validated_data["service"])
        return reviews.start_review(validated_data["service"], author)


class ReadinessReviewViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, mixins.ListModelMixin, Resource
):
    """Production readiness reviews. Creating one while one is open returns the open one."""

    act = REVIEW_READINESS
    queryset = ReadinessReview.objects.select_related("service", "checklist").prefetch_related(
        "answers__item", "answers__author"
    )
    serializer_class = ReadinessReviewSerializer
    filterset_fields = ["service__name"]

    def _editable(self) -> ReadinessReview:
        review = self.get_object()
        require(self.request.user, REVIEW_READINESS, review.service)
        return review

    @extend_schema(
        request=ReadinessAnswerSerializer,
        responses=ReadinessAnswerSerializer,
        summary="Answer a question",
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str | None = None) -> Response:
        fields = validated_body(request, ReadinessAnswerSerializer)
        item = fields.pop("item")
        answer = reviews.answer_item(self._editable(), item, signed_in(request), **fields)
        return Response(ReadinessAnswerSerializer(answer).data)

    @extend_schema(request=None, responses=ReadinessReviewSerializer, summary="Close a review")
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        reviews.close_review(self._editable())
        return Response(self.get_serializer(self.get_object()).data)


class ReadinessFindingSerializer(serializers.ModelSerializer):
    service = NameField(read_only=True)
    kind = serializers.ChoiceField(ReadinessFinding.Kind.choices, read_only=True)

    class Meta:
        model = ReadinessFinding
        fields = ["id", "service", "incident", "kind", "found_at", "closed_at", "note"]
        read_only_fields = ["incident", "found_at", "closed_at"]


class ClosingSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000, help_text="What closed it.")


class ReadinessFindingViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Readiness gaps that incidents showed."""

    act = REVIEW_READINESS
    queryset = ReadinessFinding.objects.none()
    serializer_class = ReadinessFindingSerializer
    filterset_fields = ["service__name", "incident", "kind"]

    def get_queryset(self) -> QuerySet[ReadinessFinding]:
        if getattr(self, "swagger_fake_view", False):
            return ReadinessFinding.objects.none()
        return visible_findings(self.request.user).select_related("service")

    @extend_schema(
        request=ClosingSerializer, responses=ReadinessFindingSerializer, summary="Close a gap"
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        note = validated_body(request, ClosingSerializer)["note"]
        finding = self.get_object()
        require(request.user, REVIEW_READINESS, finding.service)
        finding = reviews.close_finding(finding, note, signed_in(request))
        return Response(self.get_serializer(finding).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "readiness-reviews": ReadinessReviewViewSet,
    "readiness-findings": ReadinessFindingViewSet,
}
