"""REST API of search over everything."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api.suggestions import AlikeIncidentSerializer
from analysis.search import search_everything
from incidents.api.changes import ChangeSerializer
from incidents.api.incidents import IncidentSerializer
from incidents.api.services import ServiceSerializer
from kb.api.causes import CauseSerializer


class FoundPostmortemSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    url = serializers.CharField(source="get_absolute_url")


class FoundSerializer(serializers.Serializer):
    problems = serializers.ListField(
        child=serializers.CharField(), source="query.problems", help_text="Fields not understood."
    )
    incidents = IncidentSerializer(many=True)
    causes = CauseSerializer(many=True)
    postmortems = FoundPostmortemSerializer(many=True)
    services = ServiceSerializer(many=True)
    changes = ChangeSerializer(many=True)
    nearest = AlikeIncidentSerializer(
        many=True, help_text="Merely alike, where nothing contains all words or a log was pasted."
    )


class SearchView(APIView):
    """Search everything, in the language of the search box; of each kind the first few."""

    @extend_schema(
        parameters=[OpenApiParameter("q", str, required=True)],
        responses=FoundSerializer,
        summary="Search",
    )
    def get(self, request: Request) -> Response:
        text = request.query_params.get("q", "").replace("\x00", "").strip()
        if not text:
            raise serializers.ValidationError({"q": ["Say what to search for."]})
        found = search_everything(text, request.user)
        return Response(FoundSerializer(found, context={"request": request}).data)


VIEWS = {"search": SearchView}
