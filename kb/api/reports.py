"""REST API of figures and of what is missing: the reports and gaps that the pages show."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.reports import knowledge_gaps, statistics

SHOWN = 100


class AskedSerializer(serializers.Serializer):
    since = serializers.DateField(required=False, help_text="A year before `until`, if left out.")
    until = serializers.DateField(required=False, help_text="Tomorrow, if left out.")
    team = serializers.CharField(max_length=100, required=False)
    service = serializers.CharField(max_length=100, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until = attrs.get("until") or timezone.now().date() + timedelta(days=1)
        try:
            since = attrs.get("since") or until - timedelta(days=365)
        except OverflowError:
            raise serializers.ValidationError({"until": "Choose a later day."}) from None
        for name, day in (("since", since), ("until", until)):
            if not 1970 <= day.year <= 2200:
                raise serializers.ValidationError({name: "Choose a day from 1970 to 2200."})
        if since >= until:
            raise serializers.ValidationError({"since": "This lies after `until`."})
        return {**attrs, "since": since, "until": until}


class FigureSerializer(serializers.Serializer):
    name = serializers.CharField()
    short = serializers.CharField()
    mean = serializers.FloatField(allow_null=True, help_text="Minutes.")
    median = serializers.FloatField(allow_null=True, help_text="Minutes.")
    count = serializers.IntegerField(help_text="Incidents with both times.")
    of = serializers.IntegerField(help_text="Incidents in all.")


class RowSerializer(serializers.Serializer):
    name = serializers.CharField()
    incidents = serializers.IntegerField()
    minutes = serializers.FloatField(help_text="From impact to resolution, added up.")
    figures = serializers.DictField(child=serializers.FloatField(allow_null=True))


class PromisesSerializer(serializers.Serializer):
    promised = serializers.IntegerField()
    done = serializers.IntegerField()
    with_date = serializers.IntegerField()
    in_time = serializers.IntegerField()
    overdue = serializers.IntegerField()
    dropped = serializers.IntegerField()


class ReportSerializer(serializers.Serializer):
    since = serializers.DateField()
    until = serializers.DateField()
    incidents = serializers.IntegerField()
    minutes_lost = serializers.FloatField()
    times = FigureSerializer(many=True)
    months = RowSerializer(many=True)
    services = RowSerializer(many=True)
    teams = RowSerializer(many=True)
    with_cause = serializers.IntegerField(help_text="Incidents with a confirmed cause.")
    cause_seen_before = serializers.IntegerField(help_text="Of these, with one met before.")
    actions = PromisesSerializer()


class ReportView(APIView):
    """How fast, how often again, how much time, and what became of promises."""

    @extend_schema(parameters=[AskedSerializer], responses=ReportSerializer, summary="Report")
    def get(self, request: Request) -> Response:
        form = AskedSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = statistics.Asked(
            form.validated_data["since"], form.validated_data["until"],
            form.validated_data.get("team", ""), form.validated_data.get("service", ""),
        )  # fmt: skip
        incidents = statistics.incidents_of(request.user, asked)
        times, count, lost = statistics.times(incidents)
        services, teams = statistics.by_service(incidents)
        again, with_cause = statistics.recurrence(request.user, incidents)
        told = {
            "since": asked.since,
            "until": asked.until,
            "incidents": count,
            "minutes_lost": lost,
            "times": [asdict(figure) for figure in times],
            "months": [asdict(row) for row in statistics.by_month(incidents)],
            "services": [asdict(row) for row in services],
            "teams": [asdict(row) for row in teams],
            "with_cause": with_cause,
            "cause_seen_before": again,
            "actions": asdict(statistics.follow_through(request.user, asked)),
        }
        return Response(ReportSerializer(told).data)


class NamedSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="Incidents.")


class ThinCauseSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    times = serializers.IntegerField()
    has_fix = serializers.SerializerMethodField()
    checks = serializers.IntegerField(source="check_count")

    def get_has_fix(self, cause: Any) -> bool:
        return bool(cause.how_to_fix)


class DueSerializer(serializers.Serializer):
    incident = serializers.IntegerField(source="incident.pk")
    title = serializers.CharField(source="incident.title")
    days_overdue = serializers.IntegerField(source="days", help_text="Negative: still in time.")
    draft = serializers.IntegerField(source="draft.pk", allow_null=True, default=None)


class OverdueSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    due_on = serializers.DateField()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)


class GapsSerializer(serializers.Serializer):
    services_without_cause = NamedSerializer(many=True)
    thin_causes = ThinCauseSerializer(many=True)
    overdue_actions = OverdueSerializer(many=True)
    postmortems_due = DueSerializer(many=True)


class GapsView(APIView):
    """What the knowledge base lacks; of each kind the first hundred."""

    @extend_schema(responses=GapsSerializer, summary="Gaps")
    def get(self, request: Request) -> Response:
        told = {
            "services_without_cause": knowledge_gaps.services_without_cause(request.user)[:SHOWN],
            "thin_causes": knowledge_gaps.thin_causes(request.user)[:SHOWN],
            "overdue_actions": knowledge_gaps.overdue_actions(request.user)[:SHOWN],
            "postmortems_due": knowledge_gaps.postmortems_due(request.user, SHOWN),
        }
        return Response(GapsSerializer(told).data)


VIEWS = {"reports": ReportView, "gaps": GapsView}
