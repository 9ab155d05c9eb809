"""REST API of the release gate, for pipelines."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.models import Service
from practice.records.release_gate import gate_of


class GateReasonSerializer(serializers.Serializer):
    what = serializers.ChoiceField(["budget", "load-test"])
    text = serializers.CharField()
    path = serializers.CharField(help_text="Of the page with the figures.")


class GateSerializer(serializers.Serializer):
    """Whether a release may go out; published load tests show the same beside their commit."""

    may_release = serializers.BooleanField()
    in_words = serializers.CharField()
    reasons = GateReasonSerializer(many=True, help_text="Against it.")


class ReleaseGateView(APIView):
    """Whether a release may go out: no error budget is spent, and no load test of it was worse."""

    @extend_schema(
        parameters=[
            OpenApiParameter("service", str, required=True, description="Its name."),
            OpenApiParameter("commit", str, description="Of the load tests; all without one."),
            OpenApiParameter("release", str, description="Of the load tests; all without one."),
        ],
        responses=GateSerializer,
        summary="Ask whether a release may go out",
    )
    def get(self, request: Request) -> Response:
        name, commit, release = (
            request.query_params.get(each, "").replace("\x00", "")
            for each in ("service", "commit", "release")
        )
        service = get_object_or_404(Service, name=name)
        return Response(GateSerializer(gate_of(service, commit=commit, release=release)).data)


VIEWS = {"release-gate": ReleaseGateView}
