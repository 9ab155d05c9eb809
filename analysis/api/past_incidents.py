"""REST API of past incidents like one incident."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api.suggestions import ReasonSerializer
from analysis.suggestions.engine import suggest_for_incident
from common.viewer import Viewer
from incidents.permissions import visible_incidents
from kb.permissions import visible_links
from people import audit


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
    """Past incidents like this one, for scripts that know PagerDuty's resource of this name."""

    @extend_schema(
        parameters=[LimitSerializer], responses=PastIncidentsSerializer, summary="Past incidents"
    )
    def get(self, request: Request, pk: int) -> Response:
        parameters = LimitSerializer(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        limit = parameters.validated_data["limit"]
        incident = audit.record_reading(get_object_or_404(visible_incidents(request.user), pk=pk))
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
        answer = {
            "past_incidents": rows,
            "total": len(rows),
            "limit": limit,
            "nothing_alike": found.nothing_alike,
        }
        return Response(PastIncidentsSerializer(answer).data)


def _root_causes(user: Viewer, incidents: list[int]) -> dict[int, str]:
    links = visible_links(user).filter(incident__in=incidents, state="confirmed")
    # The last one written stays in the dict, so root causes come last.
    rows = sorted(
        links.values_list("incident", "role", "cause__name"), key=lambda row: row[1] == "root"
    )
    return {incident: name for incident, _, name in rows}


VIEWS = {"incidents/<int:pk>/past_incidents": PastIncidentsView}
