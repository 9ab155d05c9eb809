"""REST API of people, their roles, and service accounts; for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import erasing, exporting, listing, roles, service_accounts, states
from common.viewer import signed_in
from incidents.api.base import TeamField, validated_body
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.api.tokens import ApiTokenSerializer, NewTokenSerializer, token_of
from people.models import Role, RoleGrant
from people.permissions import ERASE_PEOPLE, MANAGE_PEOPLE, MANAGE_TOKENS


class RoleGrantSerializer(serializers.ModelSerializer):
    role = serializers.ChoiceField(Role.choices)
    team = TeamField(
        required=False, default=None, help_text="Only for what it owns; empty: everywhere."
    )

    class Meta:
        model = RoleGrant
        fields = ["id", "role", "team", "provider"]
        read_only_fields = ["provider"]
        # Assigning a role twice is no error.
        validators: list[Any] = []


class PersonSerializer(serializers.ModelSerializer):
    full_name = serializers.CharField(source="get_full_name", read_only=True)
    active = serializers.BooleanField(source="is_active", read_only=True)
    superuser = serializers.BooleanField(source="is_superuser", read_only=True)
    service_account = serializers.BooleanField(
        source="account.service_account", default=False, read_only=True
    )
    roles = RoleGrantSerializer(source="role_grants", many=True, read_only=True)
    teams = serializers.SerializerMethodField()
    last_sign_in = serializers.DateTimeField(source="last_login", read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(source="date_joined", read_only=True)

    class Meta:
        model = User
        fields = [
            "id", "username", "full_name", "email", "active", "superuser", "service_account",
            "roles", "teams", "last_sign_in", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_teams(self, person: User) -> list[str]:
        return [membership.team.name for membership in person.team_memberships.all()]


class PersonFilter(FilterSet):
    q = CharFilter(method="matching", help_text="Words of the name or e-mail address.")
    role = ChoiceFilter(choices=Role.choices, method="having")
    state = ChoiceFilter(choices=list(listing.STATES.items()), method="being")
    team = CharFilter(field_name="team_memberships__team__name", lookup_expr="iexact")

    class Meta:
        model = User
        fields = ["q", "role", "state", "team"]

    def matching(self, people: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return listing.search(people, value)

    def having(self, people: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return listing.with_role(people, value)

    def being(self, people: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return listing.in_state(people, value)


class ServiceAccountSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(Role.choices, default=Role.VIEWER)
    team = TeamField(required=False, default=None)


class EndedSessionsSerializer(serializers.Serializer):
    ended = serializers.IntegerField()


class EraseSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150, help_text="Of the person, to be sure.")


class ExportSerializer(serializers.Serializer):
    exported_at = serializers.DateTimeField()
    account = serializers.DictField()
    records = serializers.DictField(help_text="By table and field that names the person.")


class PersonViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Everybody with an account, programs too; for administrators."""

    queryset = User.objects.none()
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    act = act_to_read = MANAGE_PEOPLE
    acts = {"tokens": MANAGE_TOKENS, "erase": ERASE_PEOPLE, "export": ERASE_PEOPLE}

    def get_queryset(self) -> QuerySet[User]:
        if getattr(self, "swagger_fake_view", False):
            return User.objects.none()
        return listing.everybody(signed_in(self.request))

    def _current(self, person: User, status: int = 200) -> Response:
        stored = self.get_queryset().get(pk=person.pk)
        return Response(PersonSerializer(stored).data, status)

    @extend_schema(
        request=RoleGrantSerializer, responses={201: PersonSerializer}, summary="Assign a role"
    )
    @action(detail=True, methods=["post"])
    def roles(self, request: Request, pk: str | None = None) -> Response:
        person, given = self.get_object(), validated_body(request, RoleGrantSerializer)
        roles.assign_role(person, given["role"], given["team"], signed_in(request))
        return self._current(person, 201)

    @extend_schema(responses={204: None}, summary="End a role")
    @action(detail=True, methods=["delete"], url_path=r"roles/(?P<grant>\d{1,18})")
    def role(self, request: Request, pk: str | None = None, grant: str = "") -> Response:
        row = get_object_or_404(RoleGrant, user=self.get_object(), pk=int(grant))
        roles.end_role(row, signed_in(request))
        return Response(status=204)

    @extend_schema(request=None, responses=PersonSerializer, summary="Deactivate an account")
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str | None = None) -> Response:
        """Ends its sessions, tokens and open invitations."""
        person = self.get_object()
        states.deactivate(person, signed_in(request))
        return self._current(person)

    @extend_schema(request=None, responses=PersonSerializer, summary="Reactivate an account")
    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: str | None = None) -> Response:
        person = self.get_object()
        states.reactivate(person, signed_in(request))
        return self._current(person)

    @extend_schema(request=EraseSerializer, responses=PersonSerializer, summary="Erase a person")
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, pk: str | None = None) -> Response:
        """Deletes their personal data for ever; what they wrote stays, by a former member."""
        person, given = self.get_object(), validated_body(request, EraseSerializer)
        if given["username"] != person.get_username():
            raise serializers.ValidationError({"username": "This is another name than theirs."})
        erasing.erase(person, signed_in(request))
        return self._current(person)

    @extend_schema(responses=ExportSerializer, summary="All that is stored of a person")
    @action(detail=True, pagination_class=None, filterset_class=None)
    def export(self, request: Request, pk: str | None = None) -> Response:
        return Response(exporting.export(self.get_object(), signed_in(request)))

    @extend_schema(request=None, responses=EndedSessionsSerializer, summary="Sign out everywhere")
    @action(detail=True, methods=["post"], url_path="end-sessions")
    def end_sessions(self, request: Request, pk: str | None = None) -> Response:
        return Response({"ended": states.end_sessions(self.get_object(), signed_in(request))})

    @extend_schema(
        request=ServiceAccountSerializer,
        responses={201: PersonSerializer},
        summary="Add a service account",
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="service-accounts", pagination_class=None)
    def service_accounts(self, request: Request) -> Response:
        given = validated_body(request, ServiceAccountSerializer)
        made = service_accounts.create_service_account(**given, by=signed_in(request))
        return self._current(made, 201)

    @extend_schema(
        request=ApiTokenSerializer,
        responses={201: NewTokenSerializer},
        summary="Create a token of a service account",
    )
    @action(detail=True, methods=["post"])
    def tokens(self, request: Request, pk: str | None = None) -> Response:
        token, text = service_accounts.create_service_token(
            self.get_object(), signed_in(request), **validated_body(request, ApiTokenSerializer),
            with_token=token_of(request),
        )  # fmt: skip
        return Response({**ApiTokenSerializer(token).data, "token": text}, 201)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"people": PersonViewSet}
