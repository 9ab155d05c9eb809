"""REST API of search, groups without a cause, past incidents, and sources of evidence."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis import evidence, sources, tasks
from analysis.api import AlikeIncidentSerializer, ReasonSerializer
from analysis.gaps import groups_for
from analysis.models import Source
from analysis.searching import search_everything
from analysis.sources.base import SourceError
from analysis.suggestions import suggest_for_incident
from incidents.api.changes import ChangeSerializer
from incidents.api.incidents import IncidentSerializer
from incidents.api.plugins import PluginSerializer
from incidents.api.resources import Reads, Resource
from incidents.api.services import ServiceSerializer
from incidents.permissions import visible_incidents
from kb.api.causes import CauseSerializer
from kb.permissions import visible_links

PROBE_DEADLINE = 5.0
MANAGE = "analysis.change_source"


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
        many=True, help_text="Merely alike, where nothing holds all words or a log was pasted."
    )


class SearchView(APIView):
    """Search everything, in the language of the search box; of each kind the first few."""

    @extend_schema(
        parameters=[OpenApiParameter("q", str, required=True)],
        responses=FoundSerializer,
        summary="Search",
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params.get("q", "").replace("\x00", "").strip()
        if not asked:
            raise serializers.ValidationError({"q": ["Say what to search for."]})
        found = search_everything(asked, request.user)
        return Response(FoundSerializer(found, context={"request": request}).data)


class GroupSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="The terms that its incidents share.")
    incidents = serializers.ListField(child=serializers.IntegerField())


class GroupsView(APIView):
    """Groups of alike incidents none of which has a cause."""

    @extend_schema(responses=GroupSerializer(many=True), summary="Groups without a cause")
    def get(self, request: Request) -> Response:
        told = [
            {
                "id": group.pk,
                "name": group.name,
                "incidents": [incident.pk for incident in group.incidents],
            }
            for group in groups_for(request.user, 100)
        ]
        return Response(told)


class PastIncidentSerializer(serializers.Serializer):
    """One past incident in the shape that PagerDuty's past_incidents has, with reasons."""

    incident = serializers.DictField(child=serializers.CharField())
    score = serializers.FloatField(help_text="Likeness, 0 to 100.")
    reasons = ReasonSerializer(many=True)
    root_cause = serializers.CharField(allow_null=True, help_text="Confirmed, root before others.")


class PastIncidentsSerializer(serializers.Serializer):
    past_incidents = PastIncidentSerializer(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    nothing_alike = serializers.BooleanField()


class LimitSerializer(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=20, default=5)


class PastIncidentsView(APIView):
    """Past incidents like this one, for scripts that know PagerDuty's answer of this name."""

    @extend_schema(
        parameters=[LimitSerializer], responses=PastIncidentsSerializer, summary="Past incidents"
    )
    def get(self, request: Request, pk: int) -> Response:
        asked = LimitSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        limit = asked.validated_data["limit"]
        incident = get_object_or_404(visible_incidents(request.user), pk=pk)
        found = suggest_for_incident(incident, request.user, limit)
        keys = [alike.incident.pk for alike in found.incidents]
        causes = _root_causes(request.user, keys)
        rows = [
            {
                "incident": {
                    "id": alike.incident.reference,
                    "created_at": alike.incident.impact_started_at.isoformat(),
                    "self": request.build_absolute_uri(f"/api/v1/incidents/{alike.incident.pk}/"),
                    "html_url": request.build_absolute_uri(alike.incident.get_absolute_url()),
                    "title": alike.incident.title,
                },
                "score": round(alike.likeness * 100, 2),
                "reasons": alike.reasons,
                "root_cause": causes.get(alike.incident.pk),
            }
            for alike in found.incidents
        ]
        told = {"past_incidents": rows, "total": len(rows), "limit": limit}
        told["nothing_alike"] = found.nothing_alike
        return Response(PastIncidentsSerializer(told).data)


def _root_causes(user: Any, incidents: list[int]) -> dict[int, str]:
    links = visible_links(user).filter(incident__in=incidents, state="confirmed")
    # In the order of the alphabet “root” comes between the others: written last, it stays.
    rows = sorted(
        links.values_list("incident", "role", "cause__name"), key=lambda row: row[1] == "root"
    )
    return {incident: name for incident, _, name in rows}


class PulledSerializer(serializers.Serializer):
    asked = serializers.IntegerField(help_text="How many pulls are under way now.")


class PullView(APIView):
    """Pull evidence again: what failed before, and what happened since."""

    @extend_schema(request=None, responses={202: PulledSerializer}, summary="Pull evidence again")
    def post(self, request: Request, pk: int) -> Response:
        incident = get_object_or_404(visible_incidents(request.user), pk=pk)
        asked = evidence.pull_again(incident)
        tasks.enqueue(asked)
        return Response({"asked": len(asked)}, 202)


class SourceSerializer(PluginSerializer):
    plugins = sources.registry

    class Meta:
        model = Source
        fields = ["id", "name", "kind", "enabled", "settings", "secrets"]


class ProbeSerializer(serializers.Serializer):
    well = serializers.BooleanField()
    answer = serializers.CharField()


class SourceViewSet(Reads, mixins.CreateModelMixin, mixins.UpdateModelMixin,
                    mixins.ListModelMixin, Resource):  # fmt: skip
    """Where evidence comes from. For who may set sources up."""

    scope = "admin"
    permission = MANAGE
    queryset = Source.objects.all()
    serializer_class = SourceSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=None, responses=ProbeSerializer, summary="Ask a source if it answers")
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str | None = None) -> Response:
        source = self.get_object()
        try:
            told = {"well": True, "answer": evidence.plugin_of(source).probe(PROBE_DEADLINE)}
        except SourceError as error:
            told = {"well": False, "answer": str(error)}
        return Response(ProbeSerializer(told).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"sources": SourceViewSet}
VIEWS = {
    "search": SearchView,
    "groups-without-cause": GroupsView,
    r"incidents/<int:pk>/past_incidents": PastIncidentsView,
    r"incidents/<int:pk>/pull": PullView,
}
