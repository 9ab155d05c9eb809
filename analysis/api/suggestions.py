"""REST API of suggestions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api.compiled_serializer import compiled
from analysis.suggestions.accuracy import store_shown
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.scope import Scope
from analysis.suggestions.types import Suggestions
from incidents.api.base import NameField
from incidents.api.mixins import AnySuffixMixin
from incidents.models import Service
from incidents.permissions import visible_incidents
from incidents.suspect_changes import CandidateChange
from people import audit


class ReasonSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(["word", "service", "alert", "template", "metric"])
    text = serializers.CharField()
    weight = serializers.FloatField()
    written = serializers.CharField(
        help_text="Where a word was written, if not in title or symptom: “in a log line now”."
    )


class AlikeIncidentSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="incident.pk")
    reference = serializers.CharField(source="incident.reference")
    title = serializers.CharField(source="incident.title")
    url = serializers.CharField(source="incident.get_absolute_url")
    impact_started_at = serializers.DateTimeField(source="incident.impact_started_at")
    resolution = serializers.CharField(source="incident.resolution")
    likeness = serializers.FloatField()
    possible_duplicate = serializers.BooleanField(source="duplicate")
    reasons = ReasonSerializer(many=True)


class TrackSerializer(serializers.Serializer):
    right = serializers.IntegerField()
    total = serializers.IntegerField()


class NearChangeSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="change.pk")
    service = serializers.CharField(source="change.service.name")
    kind = serializers.CharField(source="change.kind")
    title = serializers.CharField(source="change.title")
    outcome = serializers.CharField(source="change.outcome")
    minutes_before = serializers.SerializerMethodField(help_text="Before the impact started.")

    def get_minutes_before(self, candidate: CandidateChange) -> float:
        return round(candidate.before.total_seconds() / 60, 1)


class SuggestedCauseSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="cause.pk")
    name = serializers.CharField(source="cause.name")
    category = serializers.CharField(source="cause.category_id")
    url = serializers.CharField(source="cause.get_absolute_url")
    score = serializers.FloatField()
    likeness = serializers.FloatField()
    confidence = serializers.FloatField(
        allow_null=True, help_text="Probability of being right; null: history is too small to know."
    )
    track = TrackSerializer(
        allow_null=True, help_text="Of past first answers about this sure, how many were right."
    )
    how_to_fix = serializers.CharField(source="cause.how_to_fix")
    fixed_last_time = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    only_now = ReasonSerializer(many=True)
    only_then = ReasonSerializer(many=True)
    change = NearChangeSerializer(
        allow_null=True, help_text="A change of the kind that brings this cause, made just before."
    )
    incidents = AlikeIncidentSerializer(many=True)


class SuggestionsSerializer(serializers.Serializer):
    nothing_alike = serializers.BooleanField(
        help_text="History holds nothing alike: what is listed is merely the nearest."
    )
    vague = serializers.BooleanField(
        help_text="Nothing is alike because the words are too few or too common: ask with more."
    )
    history = serializers.IntegerField(help_text="How many past records were compared.")
    causes = SuggestedCauseSerializer(many=True)
    incidents = AlikeIncidentSerializer(many=True)


suggestions_as_data = compiled(SuggestionsSerializer)


class QuestionSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=300)
    symptom = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    services = NameField(many=True, queryset=Service.objects.all(), required=False)
    limit = serializers.IntegerField(min_value=1, max_value=20, default=5)
    within_services = NameField(
        many=True,
        queryset=Service.objects.all(),
        required=False,
        help_text="Search only past incidents of these services.",
    )
    within_team = serializers.CharField(
        max_length=100, required=False, help_text="Search only past incidents of this team."
    )
    since = serializers.DateTimeField(
        required=False, help_text="Search only past incidents that began at or after this."
    )


class SuggestForText(APIView):
    """Past causes for words that are not an incident yet."""

    reads = True

    @extend_schema(
        request=QuestionSerializer,
        responses=SuggestionsSerializer,
        summary="Past causes for words",
        examples=[
            OpenApiExample(
                "A symptom",
                {"title": "checkout answers 5xx after the deploy", "services": ["checkout"]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        query = QuestionSerializer(data=request.data)
        query.is_valid(raise_exception=True)
        data = query.validated_data
        scope = Scope(
            data.pop("within_services", ()), data.pop("within_team", ""), data.pop("since", None)
        )
        suggestions: Suggestions = suggest_for_text(user=request.user, scope=scope, **data)
        return Response(suggestions_as_data(suggestions))


class SuggestionsViewSet(AnySuffixMixin, viewsets.GenericViewSet):
    """Past causes for an incident, by its number."""

    serializer_class = SuggestionsSerializer
    lookup_value_regex = r"\d{1,18}"
    pagination_class = None
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Any]:
        return visible_incidents(self.request.user)

    @extend_schema(responses=SuggestionsSerializer, summary="Past causes for an incident")
    def retrieve(self, request: Request, pk: int) -> Response:
        incident = audit.record_reading(get_object_or_404(self.get_queryset(), pk=pk))
        suggestions = suggest_for_incident(incident, request.user)
        store_shown(incident, suggestions)
        return Response(suggestions_as_data(suggestions))


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"suggestions": SuggestionsViewSet}
VIEWS = {"suggestions": SuggestForText}
