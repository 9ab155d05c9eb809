"""REST API of API tokens and of the caller itself."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.viewer import signed_in
from incidents import tokens
from incidents.api.base import TeamField
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.models import ApiToken


class ApiTokenSerializer(serializers.ModelSerializer):
    team = TeamField(
        required=False, help_text="Only incidents of this team's services; empty: of all."
    )
    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, write_only=True,
        help_text="Days until it expires. Left out: as long as the setting API_TOKEN_MAX_DAYS and "
        "the token of the request allow.",
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = [
            "id", "name", "scope", "team", "hint", "days", "created_at", "expires_at",
            "revoked_at", "last_used_at",
        ]  # fmt: skip
        read_only_fields = ["hint", "expires_at", "revoked_at", "last_used_at"]


class NewTokenSerializer(ApiTokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "token"]


def token_of(request: Request) -> ApiToken | None:
    """The token that the request came with; None for a signed-in person."""
    return request.auth if isinstance(request.auth, ApiToken) else None


class ApiTokenViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Your own tokens. What a token creates has no more rights and no longer life than itself."""

    queryset = ApiToken.objects.none()
    serializer_class = ApiTokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return tokens.own_tokens(signed_in(self.request), token_of(self.request))

    @extend_schema(request=ApiTokenSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token, text = tokens.create_token(
            signed_in(request), **serializer.validated_data, with_token=token_of(request)
        )
        return Response({**ApiTokenSerializer(token).data, "token": text}, 201)

    @extend_schema(request=None, responses=ApiTokenSerializer, summary="Revoke a token")
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str | None = None) -> Response:
        token = self.get_object()
        tokens.revoke_own(token, token_of(request))
        return Response(ApiTokenSerializer(self.get_object()).data)


class MeSerializer(serializers.Serializer):
    user = serializers.CharField()
    scope = serializers.ChoiceField(ApiToken.Scope.choices)
    team = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class MeView(APIView):
    """The user of the request, and what their token may do."""

    @extend_schema(responses=MeSerializer, summary="The current user")
    def get(self, request: Request) -> Response:
        token = token_of(request)
        current = {
            "user": request.user.get_username(),
            "scope": token.scope if token else ApiToken.Scope.ADMIN,
            "team": token.team.name if token and token.team else "",
            "expires_at": token.expires_at if token else None,
        }
        return Response(MeSerializer(current).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"tokens": ApiTokenViewSet}
VIEWS = {"me": MeView}
