"""REST API of reports and knowledge gaps."""

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

MAX_ROWS = 100


class ReportFilterSerializer(serializers.Serializer):
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


class BreakdownRowSerializer(serializers.Serializer):
    name = serializers.CharField()
    incidents = serializers.IntegerField()
    minutes = serializers.FloatField(help_text="From impact to resolution, added up.")
    figures = serializers.DictField(child=serializers.FloatField(allow_null=True))


class ActionFollowThroughSerializer(serializers.Serializer):
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
    months = BreakdownRowSerializer(many=True)
    services = BreakdownRowSerializer(many=True)
    teams = BreakdownRowSerializer(many=True)
    with_cause = serializers.IntegerField(help_text="Incidents with a confirmed cause.")
    cause_seen_before = serializers.IntegerField(
        help_text="Of these, the cause had occurred before."
    )
    actions = ActionFollowThroughSerializer()


class ReportView(APIView):
    """Times to detect and resolve, recurrence, minutes lost, and the state of action items."""

    @extend_schema(
        parameters=[ReportFilterSerializer], responses=ReportSerializer, summary="Report"
    )
    def get(self, request: Request) -> Response:
        form = ReportFilterSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        chosen = statistics.ReportFilter(
            form.validated_data["since"], form.validated_data["until"],
            form.validated_data.get("team", ""), form.validated_data.get("service", ""),
        )  # fmt: skip
        incidents = statistics.filtered_incidents(request.user, chosen)
        sums = statistics.month_sums(incidents)
        times, count, lost = statistics.time_figures(incidents, months=sums)
        services, teams = statistics.by_service_and_team(incidents)
        again, with_cause = statistics.recurrence(request.user, incidents)
        report = {
            "since": chosen.since,
            "until": chosen.until,
            "incidents": count,
            "minutes_lost": lost,
            "times": [asdict(figure) for figure in times],
            "months": [asdict(row) for row in statistics.by_month(sums)],
            "services": [asdict(row) for row in services],
            "teams": [asdict(row) for row in teams],
            "with_cause": with_cause,
            "cause_seen_before": again,
            "actions": asdict(statistics.follow_through(request.user, chosen)),
        }
        return Response(ReportSerializer(report).data)


class ServiceGapSerializer(serializers.Serializer):
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


class PostmortemDueSerializer(serializers.Serializer):
    incident = serializers.IntegerField(source="incident.pk")
    title = serializers.CharField(source="incident.title")
    days_overdue = serializers.IntegerField(
        source="days", help_text="Negative before the due date."
    )
    draft = serializers.IntegerField(source="draft.pk", allow_null=True, default=None)


class OverdueActionSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    due_on = serializers.DateField()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)


class GapsSerializer(serializers.Serializer):
    services_without_cause = ServiceGapSerializer(many=True)
    thin_causes = ThinCauseSerializer(many=True)
    overdue_actions = OverdueActionSerializer(many=True)
    postmortems_due = PostmortemDueSerializer(many=True)


class GapsView(APIView):
    """Gaps in the knowledge base; the first hundred of each kind."""

    @extend_schema(responses=GapsSerializer, summary="Gaps")
    def get(self, request: Request) -> Response:
        gaps = {
            "services_without_cause": knowledge_gaps.services_without_cause(request.user)[
                :MAX_ROWS
            ],
            "thin_causes": knowledge_gaps.thin_causes(request.user)[:MAX_ROWS],
            "overdue_actions": knowledge_gaps.overdue_actions(request.user)[:MAX_ROWS],
            "postmortems_due": knowledge_gaps.postmortems_due(request.user, MAX_ROWS),
        }
        return Response(GapsSerializer(gaps).data)


VIEWS = {"reports": ReportView, "gaps": GapsView}
