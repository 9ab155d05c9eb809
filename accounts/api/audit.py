"""REST API of the audit log; for administrators and auditors."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request

from accounts.audit_log import listing
from common.viewer import signed_in
from incidents.api.mixins import EtagRetrieveMixin, Resource
from people.models import AuditEntry
from people.permissions import READ_AUDIT_LOG


class AuditEntrySerializer(serializers.ModelSerializer):
    actor = serializers.IntegerField(source="actor_id", allow_null=True)
    changes = serializers.DictField(
        child=serializers.ListField(), help_text="By field: before and after."
    )

    class Meta:
        model = AuditEntry
        fields = [
            "id", "at", "event", "interface", "actor", "actor_name", "token_name", "address",
            "record_type", "record_id", "record_name", "private", "changes",
        ]  # fmt: skip
        read_only_fields = fields


class AuditFilter(FilterSet):
    person = CharFilter(method="matching", help_text="A username.")
    event = CharFilter(method="matching", help_text="How it begins: sign_in, incident.changed.")
    record = CharFilter(
        method="matching", help_text="Type and id, incidents.service:3; INC-12; or words."
    )
    interface = ChoiceFilter(
        method="matching", choices=[(each, each) for each in listing.INTERFACES]
    )
    since = CharFilter(method="matching", help_text="A time, or a day such as 2026-03-01.")
    until = CharFilter(method="matching", help_text="A time, or the last day.")

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def matching(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return listing.filtered(rows, {name: value})


class AuditViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """What was done by whom, from where, with the values before and after."""

    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    act = act_to_read = READ_AUDIT_LOG

    def get_queryset(self) -> QuerySet[AuditEntry]:
        if getattr(self, "swagger_fake_view", False):
            return AuditEntry.objects.none()
        return listing.entries_for(signed_in(self.request))

    @extend_schema(
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
        summary="All entries that the filters leave, as JSON lines",
    )
    @action(detail=False, pagination_class=None)
    def export(self, request: Request) -> HttpResponseBase:
        lines = listing.export(signed_in(request), request.query_params.dict())
        return StreamingHttpResponse(lines, content_type="application/x-ndjson")


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"audit": AuditViewSet}
