"""REST API of the practice map."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers, viewsets

from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from practice import practice_map
from practice.models import Practice, Verdict
from practice.permissions import EDIT_VERDICTS, MANAGE


class VerdictSerializer(serializers.ModelSerializer):
    word = serializers.ChoiceField(Verdict.Word.choices)
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = Verdict
        fields = ["id", "practice", "team", "word", "note", "review_on", "author", "updated_at"]
        # Posting a verdict again updates it.
        validators: list[Any] = []
        extra_kwargs = {"note": {"max_length": 5000}, "team": {"default": ""}}

    def create(self, validated_data: dict[str, Any]) -> Verdict:
        fields = {"note": "", "review_on": None, **validated_data}
        return practice_map.set_verdict(**fields, author=self.context["request"].user)


class VerdictViewSet(IdempotentCreateMixin, EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Verdicts on practices, of the organisation (empty team) and of teams."""

    act = EDIT_VERDICTS
    queryset = Verdict.objects.select_related("author")
    serializer_class = VerdictSerializer
    filterset_fields = ["team", "word", "practice"]


class PracticeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Practice
        fields = ["id", "name", "what", "parent", "position"]
        extra_kwargs = {"what": {"max_length": 2000}}


class PracticeViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    """Nodes of the practice map."""

    act = MANAGE
    queryset = Practice.objects.all()
    serializer_class = PracticeSerializer
    filterset_fields = ["parent"]
    http_method_names = ["get", "post", "patch", "head", "options"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "practices": PracticeViewSet,
    "verdicts": VerdictViewSet,
}
