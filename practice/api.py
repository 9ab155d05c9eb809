"""REST API of the practice. Serializers parse; the acts of the package act."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.api.base import ByName, asked_for
from incidents.api.resources import Creates, Edits, Reads, Resource, once
from incidents.api.services import CatalogueReportSerializer, told_report
from incidents.models import Service
from practice import deciding, engaging, monthly, recording, reviewing
from practice.load_tests import registry as load_test_tools
from practice.models import (
    Answer,
    Capacity,
    Drill,
    Engagement,
    Finding,
    LoadTest,
    Phase,
    Practice,
    Review,
    Slo,
    Verdict,
)
from practice.permissions import MANAGE, visible_findings
from practice.setting import set_objective
from practice.slo_files import registry as slo_file_kinds
from practice.slo_importing import take_objectives
from practice.spending import standing


class Managed:
    """Everybody reads; who may set the practice up writes."""

    request: Request

    @property
    def _writes(self) -> bool:
        method = getattr(getattr(self, "request", None), "method", "GET")
        return method not in SAFE_METHODS

    @property
    def permission(self) -> str:
        return MANAGE if self._writes else ""

    @property
    def scope(self) -> str:
        return "admin" if self._writes else "read"


class SloSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())
    target = serializers.FloatField(min_value=1, max_value=99.9999, help_text="Percent.")

    class Meta:
        model = Slo
        fields = [
            "id", "service", "name", "description", "target", "window", "counts", "numerator",
            "total", "policy", "enabled", "pulled_until", "problem",
        ]  # fmt: skip
        read_only_fields = ["pulled_until", "problem"]
        validators: list[Any] = []
        extra_kwargs = {
            name: {"max_length": 5000} for name in ("description", "numerator", "total", "policy")
        }

    def validate_target(self, value: float) -> Decimal:
        return Decimal(str(value)).quantize(Decimal("0.0001"))

    def create(self, validated_data: dict[str, Any]) -> Slo:
        return self.update(Slo(), validated_data)

    def update(self, instance: Slo, validated_data: dict[str, Any]) -> Slo:
        set_objective(instance, **validated_data)
        return instance


class PartSerializer(serializers.Serializer):
    name = serializers.CharField()
    path = serializers.CharField(allow_blank=True)
    minutes = serializers.FloatField(help_text="Of budget.")
    share = serializers.FloatField(help_text="Of the whole budget.")


class BurnSerializer(serializers.Serializer):
    severity = serializers.CharField(source="alert.severity")
    long_seconds = serializers.IntegerField(source="alert.long")
    short_seconds = serializers.IntegerField(source="alert.short")
    factor = serializers.FloatField(source="alert.factor")
    long = serializers.FloatField(allow_null=True)
    short = serializers.FloatField(allow_null=True)
    firing = serializers.BooleanField()


class BudgetSerializer(serializers.Serializer):
    """How an error budget stands. A pipeline asks `may_release`."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    minutes = serializers.FloatField(source="budget.minutes")
    spent = serializers.FloatField(source="budget.spent", help_text="Minutes.")
    left = serializers.FloatField(source="budget.left", help_text="Minutes; negative: overspent.")
    error_ratio = serializers.FloatField(source="budget.ratio", allow_null=True)
    known = serializers.FloatField(source="budget.known", help_text="Share of the time gone by.")
    state = serializers.ChoiceField(["unknown", "fine", "warn", "frozen"])
    may_release = serializers.BooleanField(help_text="False while the budget is spent.")
    days_left = serializers.FloatField(
        allow_null=True, help_text="At the pace of three days; null: nothing burns."
    )
    burns = BurnSerializer(many=True)
    causes = PartSerializer(many=True)
    incidents = PartSerializer(many=True)


class SloFileSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(sorted(slo_file_kinds()))
    content = serializers.CharField(help_text="The file's text.", trim_whitespace=False)
    dry_run = serializers.BooleanField(default=False)


class SloViewSet(Managed, Creates, Reads, Edits, mixins.DestroyModelMixin,
                 mixins.ListModelMixin, Resource):  # fmt: skip
    """Service level objectives."""

    queryset = Slo.objects.select_related("service")
    serializer_class = SloSerializer
    filterset_fields = ["service__name", "window", "enabled"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    @extend_schema(responses=BudgetSerializer, summary="How the error budget stands")
    @action(detail=True)
    def budget(self, request: Request, pk: str | None = None) -> Response:
        return Response(BudgetSerializer(standing(self.get_object(), request.user)).data)

    @extend_schema(
        request=SloFileSerializer,
        responses=CatalogueReportSerializer,
        summary="Take objectives in from a file of Sloth, Pyrra or OpenSLO",
    )
    @action(detail=False, methods=["post"], url_path="import")
    def take(self, request: Request) -> Response:
        return Response(told_report(take_objectives(**asked_for(request, SloFileSerializer))))


class MovedSerializer(serializers.Serializer):
    name = serializers.CharField()
    usual = serializers.FloatField(source="shift.usual")
    value = serializers.FloatField(source="shift.value")
    worse = serializers.BooleanField()
    in_words = serializers.CharField()


class LoadTestSerializer(serializers.ModelSerializer):
    service = ByName(read_only=True)
    moved = serializers.SerializerMethodField(
        help_text="What differs from the runs of this scenario before by more than chance."
    )

    class Meta:
        model = LoadTest
        fields = [
            "id", "service", "release", "scenario", "tool", "at", "url", "p50", "p95", "p99",
            "rate", "errors", "requests", "moved",
        ]  # fmt: skip

    @extend_schema_field(MovedSerializer(many=True))
    def get_moved(self, test: LoadTest) -> list[dict[str, Any]]:
        return MovedSerializer(recording.run_of(test).moved, many=True).data


class NewLoadTestSerializer(serializers.Serializer):
    service = ByName(queryset=Service.objects.all())
    tool = serializers.ChoiceField(sorted(load_test_tools()))
    content = serializers.CharField(help_text="The summary's text.", trim_whitespace=False)
    release = serializers.CharField(max_length=200, allow_blank=True, default="")
    scenario = serializers.CharField(max_length=100, default="default")
    at = serializers.DateTimeField(required=False)
    url = serializers.URLField(max_length=500, allow_blank=True, default="")


class LoadTestViewSet(Reads, mixins.ListModelMixin, Resource):
    """Load tests, as pipelines post them. The same content twice is one."""

    queryset = LoadTest.objects.select_related("service")
    serializer_class = LoadTestSerializer
    filterset_fields = ["service__name", "scenario", "tool"]

    @extend_schema(request=NewLoadTestSerializer, responses={201: LoadTestSerializer})
    def create(self, request: Request) -> Response:
        asked = asked_for(request, NewLoadTestSerializer)
        service, tool, content = (asked.pop(name) for name in ("service", "tool", "content"))

        def act() -> Response:
            run, _ = recording.take_load_test(service, tool, content, **asked)
            return Response(LoadTestSerializer(run.test).data, 201)

        return once(request, act)


class DrillSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())

    class Meta:
        model = Drill
        fields = ["id", "service", "kind", "at", "worked", "notes", "url"]


class DrillViewSet(Creates, Reads, mixins.ListModelMixin, Resource):
    """Rehearsals of restores, failovers and the like."""

    queryset = Drill.objects.select_related("service")
    serializer_class = DrillSerializer
    filterset_fields = ["service__name", "kind", "worked"]


class CapacitySerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())
    limit = serializers.FloatField(min_value=1e-9, max_value=1e18, default=1.0)
    days_until_full = serializers.SerializerMethodField(help_text="null: not filling up, unknown.")

    class Meta:
        model = Capacity
        fields = [
            "id", "service", "what", "query", "limit", "unit", "pulled_at", "problem",
            "days_until_full",
        ]  # fmt: skip
        read_only_fields = ["pulled_at", "problem"]
        extra_kwargs = {"query": {"max_length": 5000}}

    def get_days_until_full(self, capacity: Capacity) -> float | None:
        found = recording.trend_of(capacity)
        return found.days if found else None


class CapacityViewSet(Managed, Creates, Reads, Edits, mixins.DestroyModelMixin,
                      mixins.ListModelMixin, Resource):  # fmt: skip
    """What can fill up."""

    queryset = Capacity.objects.select_related("service")
    serializer_class = CapacitySerializer
    filterset_fields = ["service__name"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class EngagementSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())
    owner = serializers.SlugRelatedField(
        "username", queryset=get_user_model().objects.filter(is_active=True), allow_null=True,
        required=False,
    )  # fmt: skip
    phase = serializers.ChoiceField(Phase.choices)
    state = serializers.ChoiceField(Engagement.State.choices)

    class Meta:
        model = Engagement
        fields = ["id", "service", "phase", "state", "owner", "evidence", "updated_at"]
        # Posting a phase that exists changes it.
        validators: list[Any] = []
        extra_kwargs = {"evidence": {"max_length": 5000}}

    def create(self, validated_data: dict[str, Any]) -> Engagement:
        return engaging.set_phase(**validated_data)


class EngagementViewSet(Creates, Reads, mixins.ListModelMixin, Resource):
    """Phases of onboarding, by service."""

    queryset = Engagement.objects.select_related("service", "owner")
    serializer_class = EngagementSerializer
    filterset_fields = ["service__name", "phase", "state"]


class AnswerSerializer(serializers.ModelSerializer):
    question = serializers.CharField(source="item.question", read_only=True)
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = Answer
        fields = ["item", "question", "verdict", "note", "evidence", "auto", "author"]
        read_only_fields = ["auto"]
        extra_kwargs = {"note": {"max_length": 5000}}


class ReadinessReviewSerializer(serializers.ModelSerializer):
    service = ByName(queryset=Service.objects.all())
    checklist = serializers.CharField(read_only=True)
    answers = AnswerSerializer(many=True, read_only=True)

    class Meta:
        model = Review
        fields = [
            "id", "service", "checklist", "started_at", "closed_at", "expires_on", "score",
            "answers",
        ]  # fmt: skip
        read_only_fields = ["closed_at", "expires_on", "score"]

    def create(self, validated_data: dict[str, Any]) -> Review:
        return reviewing.start_review(validated_data["service"], self.context["request"].user)


class ReviewViewSet(Creates, Reads, mixins.ListModelMixin, Resource):
    """Production readiness reviews. Starting one while one is open gives that one."""

    queryset = Review.objects.select_related("service", "checklist").prefetch_related(
        "answers__item", "answers__author"
    )
    serializer_class = ReadinessReviewSerializer
    filterset_fields = ["service__name"]

    @extend_schema(
        request=AnswerSerializer, responses=AnswerSerializer, summary="Answer a question"
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str | None = None) -> Response:
        asked = asked_for(request, AnswerSerializer)
        found = reviewing.answer(self.get_object(), asked.pop("item"), request.user, **asked)
        return Response(AnswerSerializer(found).data)

    @extend_schema(request=None, responses=ReadinessReviewSerializer, summary="Close a review")
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        reviewing.close(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


class ReadinessFindingSerializer(serializers.ModelSerializer):
    service = ByName(read_only=True)
    kind = serializers.ChoiceField(Finding.Kind.choices, read_only=True)

    class Meta:
        model = Finding
        fields = ["id", "service", "incident", "kind", "found_at", "closed_at", "note"]
        read_only_fields = ["incident", "found_at", "closed_at"]


class ClosingSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000, help_text="What closed it.")


class FindingViewSet(Reads, mixins.ListModelMixin, Resource):
    """Gaps of readiness that incidents showed."""

    queryset = Finding.objects.none()
    serializer_class = ReadinessFindingSerializer
    filterset_fields = ["service__name", "incident", "kind"]

    def get_queryset(self) -> QuerySet[Finding]:
        if getattr(self, "swagger_fake_view", False):
            return Finding.objects.none()
        return visible_findings(self.request.user).select_related("service")

    @extend_schema(
        request=ClosingSerializer, responses=ReadinessFindingSerializer, summary="Close a gap"
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        note = asked_for(request, ClosingSerializer)["note"]
        found = reviewing.close_finding(self.get_object(), note, request.user)
        return Response(self.get_serializer(found).data)


class VerdictSerializer(serializers.ModelSerializer):
    word = serializers.ChoiceField(Verdict.Word.choices)
    author = serializers.CharField(source="author.username", read_only=True, default=None)

    class Meta:
        model = Verdict
        fields = ["id", "practice", "team", "word", "note", "review_on", "author", "updated_at"]
        # Posting a verdict that exists changes it.
        validators: list[Any] = []
        extra_kwargs = {"note": {"max_length": 5000}, "team": {"default": ""}}

    def create(self, validated_data: dict[str, Any]) -> Verdict:
        fields = {"note": "", "review_on": None, **validated_data}
        return deciding.decide(**fields, author=self.context["request"].user)


class VerdictViewSet(Creates, Reads, mixins.ListModelMixin, Resource):
    """Verdicts on practices, of the organisation (no team) and of teams."""

    queryset = Verdict.objects.select_related("author")
    serializer_class = VerdictSerializer
    filterset_fields = ["team", "word", "practice"]


class PracticeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Practice
        fields = ["id", "name", "what", "parent", "position"]
        extra_kwargs = {"what": {"max_length": 2000}}


class PracticeViewSet(Managed, Creates, Reads, Edits, mixins.ListModelMixin, Resource):
    """Nodes of the practice map."""

    queryset = Practice.objects.all()
    serializer_class = PracticeSerializer
    filterset_fields = ["parent"]
    http_method_names = ["get", "post", "patch", "head", "options"]


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
    minutes = serializers.FloatField(help_text="From impact to resolution, added up.")
    causes = serializers.ListField(child=serializers.DictField())
    budgets = MonthlyBudgetSerializer(many=True, source="slos")
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
        first = monthly.month_of(month)
        name = request.query_params.get("service", "").replace("\x00", "")
        service = get_object_or_404(Service, name=name) if name else None
        found = monthly.monthly(request.user, first, service)
        causes = [
            {"name": name, "path": path, "incidents": count, "minutes": lost}
            for name, path, count, lost in found.causes
        ]
        told = {
            "month": found.month, "title": found.title, "minutes": found.minutes,
            "incidents": [incident.pk for incident in found.incidents], "causes": causes,
            "slos": found.slos, "promised": found.promised, "done": found.done,
            "overdue": len(found.overdue), "alerts": found.alerts,
            "markdown": monthly.as_markdown(found),
        }  # fmt: skip
        return Response(MonthlySerializer(told).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "slos": SloViewSet,
    "load-tests": LoadTestViewSet,
    "drills": DrillViewSet,
    "capacities": CapacityViewSet,
    "engagements": EngagementViewSet,
    "readiness-reviews": ReviewViewSet,
    "readiness-findings": FindingViewSet,
    "practices": PracticeViewSet,
    "verdicts": VerdictViewSet,
}
VIEWS = {r"monthly-reviews/<str:month>": MonthlyView}
