"""REST API of the tokens of everybody; for administrators."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import tokens
from common.viewer import signed_in
from incidents.api.base import TeamField
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.models import ApiToken
from people.permissions import MANAGE_TOKENS


class AnyTokenSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="user.username", read_only=True)
    service_account = serializers.BooleanField(
        source="user.account.service_account", default=False, read_only=True
    )
    created_by = serializers.CharField(source="created_by.username", default=None, read_only=True)
    team = TeamField(read_only=True)

    class Meta:
        model = ApiToken
        fields = [
            "id", "owner", "service_account", "created_by", "created_with", "name", "scope",
            "team", "hint", "created_at", "last_used_at", "expires_at", "revoked_at",
        ]  # fmt: skip
        read_only_fields = fields


class AnyTokenFilter(FilterSet):
    q = CharFilter(method="matching", help_text="Words of its name or owner.")
    state = ChoiceFilter(choices=list(tokens.STATES.items()), method="being")
    owner = CharFilter(field_name="user__username")

    class Meta:
        model = ApiToken
        fields = ["q", "state", "owner", "scope"]

    def matching(self, rows: QuerySet[ApiToken], name: str, value: str) -> QuerySet[ApiToken]:
        return tokens.matching_tokens(rows, value)

    def being(self, rows: QuerySet[ApiToken], name: str, value: str) -> QuerySet[ApiToken]:
        return tokens.tokens_in_state(rows, value)


class AnyTokenViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """All tokens, whoever has them; never their texts, which are not stored."""

    queryset = ApiToken.objects.none()
    serializer_class = AnyTokenSerializer
    filterset_class = AnyTokenFilter
    act = act_to_read = MANAGE_TOKENS

    def get_queryset(self) -> QuerySet[ApiToken]:
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return tokens.all_tokens(signed_in(self.request))

    @extend_schema(request=None, responses=AnyTokenSerializer, summary="Revoke a token of anybody")
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str | None = None) -> Response:
        """Those that it created end too."""
        tokens.end_tokens([self.get_object().pk], signed_in(request))
        return Response(AnyTokenSerializer(self.get_object()).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"all-tokens": AnyTokenViewSet}
