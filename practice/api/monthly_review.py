"""REST API of the monthly review."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.models import Service
from practice import monthly_review
from practice.api.slos import KeyResultSerializer


class MonthlyBudgetSerializer(serializers.Serializer):
    slo = serializers.IntegerField(source="slo.pk")
    name = serializers.CharField(source="slo")
    spent = serializers.FloatField(source="budget.spent")
    minutes = serializers.FloatField(source="budget.minutes")
    error_ratio = serializers.FloatField(source="budget.ratio", allow_null=True)


class MonthlySerializer(serializers.Serializer):
    month = serializers.DateField()
    title = serializers.CharField()
    incidents = serializers.ListField(child=serializers.IntegerField())
    minutes = serializers.FloatField(help_text="From impact to resolution, summed.")
    causes = serializers.ListField(child=serializers.DictField())
    budgets = MonthlyBudgetSerializer(many=True, source="slos")
    okrs = KeyResultSerializer(many=True)
    promised = serializers.IntegerField()
    done = serializers.IntegerField()
    overdue = serializers.IntegerField()
    alerts = serializers.IntegerField()
    markdown = serializers.CharField()


class MonthlyView(APIView):
    """The monthly reliability review of a service, or of all."""

    @extend_schema(
        parameters=[OpenApiParameter("service", str, description="Its name; all without one.")],
        responses=MonthlySerializer,
        summary="Monthly reliability review",
    )
    def get(self, request: Request, month: str) -> Response:
        first = monthly_review.month_of(month)
        name = request.query_params.get("service", "").replace("\x00", "")
        service = get_object_or_404(Service, name=name) if name else None
        review = monthly_review.build_review(request.user, first, service)
        causes = [
            {"name": name, "path": path, "incidents": count, "minutes": lost}
            for name, path, count, lost in review.causes
        ]
        data = {
            "month": review.month,
            "title": review.title,
            "minutes": review.minutes,
            "incidents": [incident.pk for incident in review.incidents],
            "causes": causes,
            "slos": review.slos,
            "okrs": review.okrs,
            "promised": review.promised,
            "done": review.done,
            "overdue": len(review.overdue),
            "alerts": review.alerts,
            "markdown": monthly_review.as_markdown(review),
        }
        return Response(MonthlySerializer(data).data)


VIEWS = {"monthly-reviews/<str:month>": MonthlyView}
