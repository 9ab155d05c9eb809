"""REST API of invitations; for administrators."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import invitations
from common.viewer import signed_in
from incidents.api.base import TeamField, validated_body
from incidents.api.mixins import EtagRetrieveMixin, Resource
from people.models import Invitation, Role
from people.permissions import MANAGE_PEOPLE


class InvitationSerializer(serializers.ModelSerializer):
    role = serializers.ChoiceField(Role.choices, default=Role.RESPONDER)
    team = TeamField(required=False, default=None, help_text="They become a member of it.")
    invited_by = serializers.CharField(source="invited_by.username", read_only=True, default=None)
    open = serializers.BooleanField(source="is_open", read_only=True)

    class Meta:
        model = Invitation
        fields = [
            "id", "email", "role", "team", "invited_by", "open", "created_at", "expires_at",
            "accepted_at", "revoked_at",
        ]  # fmt: skip
        read_only_fields = ["expires_at", "accepted_at", "revoked_at"]


class NewInvitationSerializer(InvitationSerializer):
    link = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]


class InvitationViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Who was invited by link; the link is in the response that creates it and in no other."""

    queryset = Invitation.objects.select_related("invited_by", "team")
    serializer_class = InvitationSerializer
    act = act_to_read = MANAGE_PEOPLE

    # A repeated request is refused, not answered from a store, where the link would be read.
    @extend_schema(request=InvitationSerializer, responses={201: NewInvitationSerializer})
    def create(self, request: Request) -> Response:
        given = validated_body(request, InvitationSerializer)
        invitation, link = invitations.invite(**given, by=signed_in(request))
        return Response({**InvitationSerializer(invitation).data, "link": link}, 201)

    @extend_schema(request=None, responses=NewInvitationSerializer, summary="Send it again")
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str | None = None) -> Response:
        """A new link for 7 more days; the former one ends."""
        invitation = self.get_object()
        link = invitations.send_again(invitation, signed_in(request))
        return Response({**InvitationSerializer(invitation).data, "link": link})

    @extend_schema(request=None, responses=InvitationSerializer, summary="Revoke an invitation")
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str | None = None) -> Response:
        invitation = self.get_object()
        invitations.revoke_invitation(invitation, signed_in(request))
        return Response(InvitationSerializer(invitation).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"invitations": InvitationViewSet}
