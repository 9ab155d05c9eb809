"""REST API of how accurate suggestions were."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.suggestions.accuracy import scoreboard


class ScoreSerializer(serializers.Serializer):
    """Counts of one service or month."""

    name = serializers.CharField()
    answered = serializers.IntegerField(
        help_text="Incidents with an answer shown before their cause was confirmed."
    )
    hits_at_1 = serializers.IntegerField()
    hits_at_3 = serializers.IntegerField()
    hits_at_5 = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Answers that said: nothing alike.")
    refused_rightly = serializers.IntegerField(help_text="Of these, those of a cause never seen.")
    minutes_with = serializers.FloatField(
        allow_null=True, help_text="Median to the confirmed cause where a suggestion was accepted."
    )
    incidents_with = serializers.IntegerField()
    minutes_without = serializers.FloatField(allow_null=True)
    incidents_without = serializers.IntegerField()


class ScoreboardSerializer(serializers.Serializer):
    all = ScoreSerializer()
    services = ScoreSerializer(many=True)
    months = ScoreSerializer(many=True)


class ScoreboardView(APIView):
    """How accurate suggestions were: in all, by service and by month."""

    @extend_schema(responses=ScoreboardSerializer)
    def get(self, request: Request) -> Response:
        return Response(ScoreboardSerializer(scoreboard(request.user)).data)


VIEWS = {"scoreboard": ScoreboardView}
