"""REST API of incidents."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents import filing, merging, responders, sharing
from incidents.alerts.new_service import add_offered_service, offered_services
from incidents.api.base import NameField, VisibleRecordField, validated_body
from incidents.api.custom_fields import CustomValuesField
from incidents.api.history_import import (
    ImportReportSerializer,
    ImportSerializer,
    import_report,
)
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
    run_idempotently,
)
from incidents.api.services import ServiceSerializer
from incidents.api.timeline import NoteSerializer, TimelineEntrySerializer
from incidents.custom_fields.values import BelongsTo, unset_to_resolve, with_values
from incidents.models import Alert, Incident, Service
from incidents.permissions import (
    ADD_SERVICES,
    EDIT_INCIDENTS,
    FILE_INCIDENTS,
    IMPORT_HISTORY,
    MAKE_PRIVATE,
    visible_alerts,
    visible_incidents,
)
from incidents.search.filters import IncidentFilter
from incidents.timeline import full_timeline


class LabelsField(serializers.DictField):
    """Short texts by name."""

    child = serializers.CharField(max_length=500, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        labels = super().to_internal_value(data)
        if len(labels) > 100:
            raise serializers.ValidationError("At most 100 labels.")
        return labels


class IncidentSerializer(serializers.ModelSerializer):
    reference = serializers.CharField(read_only=True)
    owner = serializers.SlugRelatedField(
        "username", queryset=User.objects.filter(is_active=True), allow_null=True, required=False,
        help_text="Name of the account that coordinates the response.",
    )  # fmt: skip
    services = NameField(many=True, queryset=Service.objects.all(), required=False)
    labels = LabelsField(required=False)
    custom_fields = CustomValuesField()
    unset_fields = serializers.SerializerMethodField(
        help_text="Names of custom fields that are needed to resolve it and have no value."
    )
    reporter = serializers.CharField(source="reporter.username", read_only=True, default=None)
    merged_into = serializers.PrimaryKeyRelatedField[Incident](read_only=True)
    open_related = serializers.BooleanField(
        write_only=True, required=False,
        help_text="With `private: false`: its private causes and postmortems become public too.",
    )  # fmt: skip

    class Meta:
        model = Incident
        fields = [
            "id", "reference", "title", "symptom", "resolution", "severity", "status", "services",
            "labels", "custom_fields", "unset_fields", "private", "impact_started_at",
            "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "reporter", "owner",
            "merged_into", "external_source", "external_id", "external_url", "created_at",
            "updated_at", "guessed_times", "open_related",
        ]  # fmt: skip
        # The database's constraints are checked by filing.py, which knows the whole incident.
        validators: list[Any] = []
        read_only_fields = ["guessed_times"]
        extra_kwargs = {
            "symptom": {"max_length": 50_000},
            "resolution": {"max_length": 50_000},
            "impact_started_at": {"required": False},
        }

    def get_unset_fields(self, incident: Incident) -> list[str]:
        return [field.name for field in unset_to_resolve(incident)]

    def create(self, validated_data: dict[str, Any]) -> Incident:
        validated_data.pop("open_related", None)
        author, owner = self.context["request"].user, validated_data.pop("owner", None)
        # Whoever leaves them out could have given those that are needed.
        validated_data.setdefault("custom_fields", {})
        with transaction.atomic():
            incident = filing.file_incident(reporter=author, **validated_data)
            return responders.assign_owner(incident, owner, author) if owner else incident

    def update(self, instance: Incident, validated_data: dict[str, Any]) -> Incident:
        author, names_owner = self.context["request"].user, "owner" in validated_data
        owner = validated_data.pop("owner", None)
        with transaction.atomic():
            incident = filing.edit_incident(instance, author, **validated_data)
            return responders.assign_owner(incident, owner, author) if names_owner else incident


class ViewersSerializer(serializers.Serializer):
    people = serializers.ListField(child=serializers.CharField(), help_text="Names of accounts.")
    teams = serializers.ListField(child=serializers.CharField())


class ViewerChangeSerializer(serializers.Serializer):
    person = serializers.CharField(max_length=150, required=False, help_text="Name of an account.")
    team = serializers.CharField(max_length=100, required=False)
    remove = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("person") and not attrs.get("team"):
            raise serializers.ValidationError({"person": "Name a person or a team."})
        return attrs


class PeopleSerializer(serializers.Serializer):
    owner = serializers.CharField(allow_null=True, help_text="The incident commander.")
    responders = serializers.ListField(child=serializers.CharField())
    watchers = serializers.ListField(child=serializers.CharField())


class PersonSerializer(serializers.Serializer):
    part = serializers.ChoiceField(responders.Part.choices)
    person = serializers.CharField(
        max_length=150, required=False, help_text="Name of an account; by default yours."
    )
    remove = serializers.BooleanField(default=False)


class MergeSerializer(serializers.Serializer):
    other = VisibleRecordField(
        visible_incidents, help_text="The incident that becomes part of this one."
    )


class SplitSerializer(serializers.Serializer):
    alerts = VisibleRecordField(
        visible_alerts, many=True, help_text="Alerts that move to a new incident."
    )


class OfferedServiceSerializer(serializers.Serializer):
    """A service that alerts of the incident seem to be about. Tier and kind are guesses."""

    name = serializers.CharField(max_length=100)
    tier = serializers.CharField(read_only=True)
    kind = serializers.CharField(read_only=True)
    telemetry_labels = serializers.CharField(read_only=True)
    because = serializers.CharField(read_only=True, help_text="From what it was guessed.")


def _people_of(incident: Incident) -> dict[str, Any]:
    return {
        "owner": incident.owner and incident.owner.get_username(),
        "responders": [each.get_username() for each in incident.responders.order_by("username")],
        "watchers": [each.get_username() for each in incident.watchers.order_by("username")],
    }


@extend_schema_view(
    create=extend_schema(
        summary="File an incident",
        examples=[
            OpenApiExample(
                "A database",
                {"title": "orders-db CPU high", "services": ["orders-db"], "severity": "SEV2"},
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(summary="Edit an incident, its status or severity"),
)
class IncidentViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.ListModelMixin,
    Resource,
):
    act = EDIT_INCIDENTS
    acts = {
        "create": FILE_INCIDENTS,
        "import_rows": IMPORT_HISTORY,
        "add_offered": ADD_SERVICES,
        "change_viewers": MAKE_PRIVATE,
    }
    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Incident]:
        if getattr(self, "swagger_fake_view", False):
            return Incident.objects.none()
        visible = visible_incidents(self.request.user)
        related = ("services", with_values(BelongsTo.INCIDENTS))
        return visible.select_related("reporter", "owner").prefetch_related(*related)

    @extend_schema(
        responses=TimelineEntrySerializer(many=True),
        summary="Timeline, with entries derived from other records: the newest 1,000",
        filters=False,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def timeline(self, request: Request, pk: str | None = None) -> Response:
        entries = full_timeline(self.get_object())
        return Response(TimelineEntrySerializer(entries, many=True).data)

    @extend_schema(
        request=NoteSerializer, responses={201: TimelineEntrySerializer}, summary="Add a note"
    )
    @action(detail=True, methods=["post"], serializer_class=NoteSerializer)
    def notes(self, request: Request, pk: str | None = None) -> Response:
        return run_idempotently(request, lambda: self._note(request))

    def _note(self, request: Request) -> Response:
        incident = self.get_object()
        note = filing.add_note(
            incident, author=signed_in(request), **validated_body(request, NoteSerializer)
        )
        return Response(TimelineEntrySerializer(note).data, status=201)

    @extend_schema(
        responses=ViewersSerializer, summary="Who sees a private incident", filters=False
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def viewers(self, request: Request, pk: str | None = None) -> Response:
        return Response(self._viewers(self.get_object()))

    @extend_schema(
        request=ViewerChangeSerializer,
        responses=ViewersSerializer,
        summary="Add a person or a team to a private incident, or take one off it",
    )
    @viewers.mapping.post
    def change_viewers(self, request: Request, pk: str | None = None) -> Response:
        incident, body = self.get_object(), validated_body(request, ViewerChangeSerializer)
        change = sharing.remove_viewer if body["remove"] else sharing.add_viewer
        with transaction.atomic():
            if name := body.get("person"):
                change(incident, sharing.person_named(name), signed_in(request))
            if name := body.get("team"):
                change(incident, sharing.team_named(name), signed_in(request))
        return Response(self._viewers(incident))

    def _viewers(self, incident: Incident) -> dict[str, list[str]]:
        return {
            "people": [person.get_username() for person in incident.viewers.order_by("username")],
            "teams": [team.name for team in incident.viewer_teams.all()],
        }

    @extend_schema(
        request=None,
        responses=IncidentSerializer,
        summary="Acknowledge an incident: you become its owner if it has none",
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str | None = None) -> Response:
        incident = responders.acknowledge(self.get_object(), signed_in(request))
        return Response(self.get_serializer(incident).data)

    @extend_schema(responses=PeopleSerializer, summary="Who works on an incident", filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def people(self, request: Request, pk: str | None = None) -> Response:
        return Response(_people_of(self.get_object()))

    @extend_schema(
        request=PersonSerializer,
        responses=PeopleSerializer,
        summary="Add a responder or a watcher, or take one off an incident",
    )
    @people.mapping.post
    def change_people(self, request: Request, pk: str | None = None) -> Response:
        incident, body = self.get_object(), validated_body(request, PersonSerializer)
        author = signed_in(request)
        person = sharing.person_named(body["person"]) if "person" in body else author
        change = responders.remove_person if body["remove"] else responders.add_person
        return Response(_people_of(change(incident, person, body["part"], author)))

    @extend_schema(
        request=MergeSerializer,
        responses=IncidentSerializer,
        summary="Merge another incident into this one",
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str | None = None) -> Response:
        other = validated_body(request, MergeSerializer)["other"]
        into = merging.merge(self.get_object(), other, signed_in(request))
        return Response(self.get_serializer(into).data)

    @extend_schema(
        request=SplitSerializer,
        responses={201: IncidentSerializer},
        summary="Move some of its alerts to a new incident",
    )
    @action(detail=True, methods=["post"])
    def split(self, request: Request, pk: str | None = None) -> Response:
        alerts: list[Alert] = validated_body(request, SplitSerializer)["alerts"]
        new = merging.split(self.get_object(), alerts, signed_in(request))
        return Response(self.get_serializer(new).data, status=201)

    @extend_schema(
        responses=OfferedServiceSerializer(many=True),
        summary="Services that its alerts suggest and the catalogue does not have",
        filters=False,
    )
    @action(detail=True, url_path="offered-services", pagination_class=None, filterset_class=None)
    def offered(self, request: Request, pk: str | None = None) -> Response:
        rows = offered_services(self.get_object())
        return Response(OfferedServiceSerializer(rows, many=True).data)

    @extend_schema(
        request=OfferedServiceSerializer,
        responses={201: ServiceSerializer},
        summary="Add one of the services that its alerts suggest",
    )
    @offered.mapping.post
    def add_offered(self, request: Request, pk: str | None = None) -> Response:
        name = validated_body(request, OfferedServiceSerializer)["name"]
        service = add_offered_service(self.get_object(), name, signed_in(request))
        return Response(ServiceSerializer(service).data, status=201)

    @extend_schema(
        request=ImportSerializer,
        responses=ImportReportSerializer,
        summary="Import many incidents; known ones are skipped",
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="import", pagination_class=None)
    def import_rows(self, request: Request) -> Response:
        return Response(import_report(validated_body(request, ImportSerializer)))


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"incidents": IncidentViewSet}
