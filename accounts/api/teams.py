"""REST API of teams: everybody reads them, administrators edit them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import teams
from common.viewer import signed_in
from incidents.api.base import validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from people.models import Membership, Team
from people.permissions import MANAGE_PEOPLE


class MemberSerializer(serializers.Serializer):
    person = serializers.SlugRelatedField("username", queryset=User.objects.all())


class TeamSerializer(serializers.ModelSerializer):
    members = serializers.SerializerMethodField()
    services = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["id", "name", "description", "members", "services"]

    def get_members(self, team: Team) -> list[str]:
        return [membership.user.get_username() for membership in team.memberships.all()]

    def get_services(self, team: Team) -> list[str]:
        return [service.name for service in team.services.all()]

    def create(self, validated_data: dict[str, Any]) -> Team:
        return teams.save_team(Team(), self.context["request"].user, **validated_data)

    def update(self, instance: Team, validated_data: dict[str, Any]) -> Team:
        return teams.save_team(instance, self.context["request"].user, **validated_data)


class TeamViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.DestroyModelMixin,
    mixins.ListModelMixin, Resource,
):  # fmt: skip
    """Teams with their members and the services they own."""

    queryset = Team.objects.prefetch_related("memberships__user", "services")
    serializer_class = TeamSerializer
    filterset_fields = ["name"]
    act = MANAGE_PEOPLE
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_destroy(self, instance: Team) -> None:
        teams.delete_team(instance, signed_in(self.request))

    @extend_schema(
        request=MemberSerializer, responses={201: TeamSerializer}, summary="Add a member"
    )
    @action(detail=True, methods=["post"])
    def members(self, request: Request, pk: str | None = None) -> Response:
        given = validated_body(request, MemberSerializer)
        teams.add_member(self.get_object(), given["person"], signed_in(request))
        return Response(TeamSerializer(self.get_object()).data, 201)

    @extend_schema(responses={204: None}, summary="Remove a member, by the id of the person")
    @action(detail=True, methods=["delete"], url_path=r"members/(?P<person>\d{1,18})")
    def member(self, request: Request, pk: str | None = None, person: str = "") -> Response:
        row = get_object_or_404(Membership, team=self.get_object(), user=int(person))
        teams.remove_member(row, signed_in(request))
        return Response(status=204)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"teams": TeamViewSet}
