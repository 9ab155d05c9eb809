"""REST API: pull an incident's evidence again."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis import tasks
from analysis.evidence import following
from incidents.permissions import visible_incidents


class PulledSerializer(serializers.Serializer):
    asked = serializers.IntegerField(help_text="How many pulls are pending now.")


class PullView(APIView):
    """Pull evidence again: what failed before, and what happened since."""

    @extend_schema(request=None, responses={202: PulledSerializer}, summary="Pull evidence again")
    def post(self, request: Request, pk: int) -> Response:
        incident = get_object_or_404(visible_incidents(request.user), pk=pk)
        requests = following.pull_again(incident)
        tasks.enqueue(requests)
        return Response({"asked": len(requests)}, 202)


VIEWS = {"incidents/<int:pk>/pull": PullView}
