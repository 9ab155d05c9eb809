"""REST API: when an incident's evidence is pulled again, and pulling it by hand."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis import tasks
from analysis.evidence import following
from analysis.permissions import PULL_EVIDENCE
from analysis.presentation.evidence_age import evidence_age
from incidents.models import Incident
from incidents.permissions import visible_incidents
from people import audit


class PulledSerializer(serializers.Serializer):
    asked = serializers.IntegerField(help_text="How many pulls are pending now.")


class CostSerializer(serializers.Serializer):
    name = serializers.CharField(source="source.name", help_text="Of the source.")
    pulls = serializers.IntegerField()
    max_pulls = serializers.IntegerField()
    pulled_bytes = serializers.IntegerField()
    max_bytes = serializers.IntegerField()


class EvidenceAgeSerializer(serializers.Serializer):
    last_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was last pulled again; the first pull does not count."
    )
    reason = serializers.CharField(help_text="Why it was last pulled again.")
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When it will be; empty once nothing more is pulled."
    )
    costs = CostSerializer(many=True)


class PullView(APIView):
    """When evidence is pulled again, and pulling it by hand."""

    act = PULL_EVIDENCE

    @extend_schema(responses=EvidenceAgeSerializer, summary="When evidence is pulled, at what cost")
    def get(self, request: Request, pk: int) -> Response:
        return Response(EvidenceAgeSerializer(evidence_age(_incident(request, pk))).data)

    @extend_schema(request=None, responses={202: PulledSerializer}, summary="Pull evidence again")
    def post(self, request: Request, pk: int) -> Response:
        """What failed, services that joined since the last pull, and what happened since."""
        requests = following.pull_again(_incident(request, pk))
        tasks.enqueue(requests)
        return Response({"asked": len(requests)}, 202)


def _incident(request: Any, pk: int) -> Incident:
    return audit.record_reading(get_object_or_404(visible_incidents(request.user), pk=pk))


VIEWS = {"incidents/<int:pk>/pull": PullView}
