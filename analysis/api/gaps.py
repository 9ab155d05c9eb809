"""REST API of groups of incidents without a cause."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.suggestions.unexplained_groups import groups_for


class GroupSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="The terms that its incidents share.")
    incidents = serializers.ListField(child=serializers.IntegerField())


class GroupsView(APIView):
    """Groups of alike incidents without a cause."""

    @extend_schema(responses=GroupSerializer(many=True), summary="Groups without a cause")
    def get(self, request: Request) -> Response:
        groups = [
            {
                "id": group.pk,
                "name": group.name,
                "incidents": [incident.pk for incident in group.incidents],
            }
            for group in groups_for(request.user, 100)
        ]
        return Response(groups)


VIEWS = {"groups-without-cause": GroupsView}
