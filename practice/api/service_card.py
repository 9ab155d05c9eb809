"""REST API of a service on one card, as an entity card of Backstage shows it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.site_url import address_of
from incidents.catalogue.formats.backstage import name_in
from incidents.models import Service
from incidents.search.row_causes import IncidentRow
from people import audit
from practice.service_card import IN_WORDS, RecurringCause, ServiceCard, card_of
from practice.slos.status import SloStatus


class CardServiceSerializer(serializers.ModelSerializer):
    owner_team = serializers.CharField(read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = [
            "name", "url", "description", "tier", "lifecycle", "owner_team", "on_call",
            "runbook_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, row: Service) -> str:
        return address_of(row)


class CardIncidentSerializer(serializers.Serializer):
    reference = serializers.CharField(source="incident.reference")
    title = serializers.CharField(source="incident.title")
    severity = serializers.CharField(source="incident.severity")
    status = serializers.CharField(source="incident.status")
    since = serializers.DateTimeField(source="incident.impact_started_at")
    url = serializers.SerializerMethodField()
    cause = serializers.CharField(
        source="cause.name", default="", help_text="Confirmed, suspected or likely; empty for none."
    )
    cause_state = serializers.CharField(source="cause.state", default="")

    def get_url(self, row: IncidentRow) -> str:
        return address_of(row.incident)


class CardObjectiveSerializer(serializers.Serializer):
    name = serializers.CharField(source="slo.name")
    url = serializers.SerializerMethodField()
    state = serializers.ChoiceField(["unknown", "fine", "warn", "frozen"])
    in_words = serializers.CharField()
    spent_percent = serializers.FloatField(help_text="Of the error budget.")
    days_left = serializers.FloatField(allow_null=True, help_text="At the present rate.")
    burns_too_fast = serializers.SerializerMethodField()

    def get_url(self, row: SloStatus) -> str:
        return address_of(row.slo)

    def get_burns_too_fast(self, row: SloStatus) -> bool:
        return bool(row.firing)


class CardPersonSerializer(serializers.Serializer):
    name = serializers.CharField(source="shown_name")
    rota = serializers.CharField()
    level = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField(source="is_stale")


class CardReadinessSerializer(serializers.Serializer):
    state = serializers.ChoiceField(["none", "valid", "expired"], source="readiness")
    score = serializers.FloatField(source="review.score", default=None, allow_null=True)
    expires_on = serializers.DateField(source="review.expires_on", default=None, allow_null=True)
    open_findings = serializers.IntegerField(help_text="That incidents have shown.")


class CardCauseSerializer(serializers.Serializer):
    name = serializers.CharField(source="cause.name")
    url = serializers.SerializerMethodField()
    incidents = serializers.IntegerField(help_text="Of the service in the last year.")
    last = serializers.DateTimeField()
    how_to_fix = serializers.CharField(source="cause.how_to_fix", help_text="Markdown.")

    def get_url(self, row: RecurringCause) -> str:
        return address_of(row.cause)


class ServiceCardSerializer(serializers.Serializer):
    service = CardServiceSerializer()
    health = serializers.ChoiceField(list(IN_WORDS))
    health_in_words = serializers.CharField()
    open_count = serializers.IntegerField()
    open_incidents = CardIncidentSerializer(many=True, help_text="The most severe ten.")
    error_budgets = CardObjectiveSerializer(many=True, source="objectives")
    on_call = CardPersonSerializer(many=True)
    readiness = serializers.SerializerMethodField()
    recurring_causes = CardCauseSerializer(many=True, source="recurring")

    @extend_schema_field(CardReadinessSerializer)
    def get_readiness(self, row: ServiceCard) -> Any:
        return CardReadinessSerializer(row).data


class ServiceCardView(APIView):
    """A service on one card: open incidents, error budgets, who is on call, readiness, causes."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "service", str, description="Its name: the annotation causebook.io/service."
            ),
            OpenApiParameter(
                "entity",
                str,
                description="Instead, such as component:default/checkout.",
            ),
        ],
        responses=ServiceCardSerializer,
        summary="A service on one card",
    )
    def get(self, request: Request) -> Response:
        given = {
            each: request.query_params.get(each, "").replace("\x00", "")
            for each in ("service", "entity")
        }
        name = given["service"] or name_in(given["entity"])
        if not name:
            raise ValidationError({"service": ["Give the name of a service, or an entity."]})
        card = card_of(get_object_or_404(Service, name__iexact=name), request.user)
        audit.record_readings([row.incident for row in card.open_incidents])
        return Response(ServiceCardSerializer(card).data)


VIEWS = {"service-card": ServiceCardView}
