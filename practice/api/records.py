"""REST API of load tests, drills and capacities."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.base import NameField, validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
    run_idempotently,
)
from incidents.models import Service
from practice.api.release_gate import GateSerializer
from practice.load_tests import registry as load_test_tools
from practice.models import Capacity, ClusterFacts, Drill, LoadTest, Publication
from practice.permissions import MANAGE, RECORD_RUNS
from practice.records import cluster_facts, load_tests
from practice.records.capacity import trend_of
from practice.records.release_gate import gate_of_run


class MetricShiftSerializer(serializers.Serializer):
    name = serializers.CharField()
    usual = serializers.FloatField(source="shift.usual")
    value = serializers.FloatField(source="shift.value")
    worse = serializers.BooleanField()
    in_words = serializers.CharField()


class PublicationSerializer(serializers.ModelSerializer):
    """Where it is shown. `passed` is what the host shows, `error` what failed."""

    host = serializers.CharField(source="host.name", read_only=True)

    class Meta:
        model = Publication
        fields = ["host", "state", "passed", "summary", "error"]
        read_only_fields = fields


class LoadTestSerializer(serializers.ModelSerializer):
    service = NameField(read_only=True)
    moved = serializers.SerializerMethodField(
        help_text="What differs from earlier runs of this scenario by more than chance."
    )

    gate = serializers.SerializerMethodField(help_text="What its commit shows.")
    publication = serializers.SerializerMethodField(help_text="null: it is not published.")

    class Meta:
        model = LoadTest
        fields = [
            "id",
            "service",
            "release",
            "scenario",
            "tool",
            "at",
            "url",
            "repository",
            "commit",
            "p50",
            "p95",
            "p99",
            "rate",
            "errors",
            "requests",
            "moved",
            "gate",
            "publication",
        ]

    @extend_schema_field(MetricShiftSerializer(many=True))
    def get_moved(self, test: LoadTest) -> list[dict[str, Any]]:
        return list(MetricShiftSerializer(load_tests.compared_run(test).moved, many=True).data)

    @extend_schema_field(GateSerializer)
    def get_gate(self, test: LoadTest) -> dict[str, Any]:
        return dict(GateSerializer(gate_of_run(load_tests.compared_run(test))).data)

    @extend_schema_field(PublicationSerializer(allow_null=True))
    def get_publication(self, test: LoadTest) -> dict[str, Any] | None:
        row = getattr(test, "publication", None)
        return dict(PublicationSerializer(row).data) if row else None


class NewLoadTestSerializer(serializers.Serializer):
    service = NameField(queryset=Service.objects.all())
    tool = serializers.ChoiceField(sorted(load_test_tools()))
    content = serializers.CharField(help_text="The report of the tool.", trim_whitespace=False)
    release = serializers.CharField(max_length=200, allow_blank=True, default="")
    scenario = serializers.CharField(max_length=100, default="default")
    at = serializers.DateTimeField(required=False)
    url = serializers.URLField(max_length=500, allow_blank=True, default="")
    repository = serializers.CharField(
        max_length=500, allow_blank=True, default="",
        help_text="example/shop, or its clone address; with `commit`, the result is shown there.",
    )  # fmt: skip
    commit = serializers.CharField(
        max_length=64, allow_blank=True, default="", help_text="The full hash."
    )


class LoadTestViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Load tests, as pipelines post them. The same content is stored once."""

    act = RECORD_RUNS
    queryset = LoadTest.objects.select_related("service", "publication__host")
    serializer_class = LoadTestSerializer
    filterset_fields = ["service__name", "scenario", "tool", "commit"]

    @extend_schema(request=NewLoadTestSerializer, responses={201: LoadTestSerializer})
    def create(self, request: Request) -> Response:
        fields = validated_body(request, NewLoadTestSerializer)
        service, tool, content = (fields.pop(name) for name in ("service", "tool", "content"))

        def act() -> Response:
            run, _ = load_tests.import_load_test(service, tool, content, **fields)
            return Response(LoadTestSerializer(run.test).data, 201)

        return run_idempotently(request, act)


class DrillSerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())

    class Meta:
        model = Drill
        fields = ["id", "service", "kind", "at", "worked", "notes", "url"]


class DrillViewSet(IdempotentCreateMixin, EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Rehearsed restores, failovers and the like."""

    act = RECORD_RUNS
    queryset = Drill.objects.select_related("service")
    serializer_class = DrillSerializer
    filterset_fields = ["service__name", "kind", "worked"]


class CapacitySerializer(serializers.ModelSerializer):
    service = NameField(queryset=Service.objects.all())
    limit = serializers.FloatField(min_value=1e-9, max_value=1e18, default=1.0)
    days_until_full = serializers.SerializerMethodField(help_text="null: not filling up, unknown.")

    class Meta:
        model = Capacity
        fields = [
            "id",
            "service",
            "what",
            "query",
            "limit",
            "unit",
            "pulled_at",
            "problem",
            "days_until_full",
        ]
        read_only_fields = ["pulled_at", "problem"]
        extra_kwargs = {"query": {"max_length": 5000}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            Capacity(**attrs).clean()
        return attrs

    def get_days_until_full(self, capacity: Capacity) -> float | None:
        trend = trend_of(capacity)
        return trend.days if trend else None


class CapacityViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    Resource,
):
    """What can fill up."""

    act = MANAGE
    queryset = Capacity.objects.select_related("service")
    serializer_class = CapacitySerializer
    filterset_fields = ["service__name"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]


class ClusterFactsSerializer(serializers.ModelSerializer):
    """Of a service's pods; null: not known. Shares are from 0 to 1."""

    service = NameField(read_only=True)
    spot_share = serializers.FloatField(read_only=True, allow_null=True)
    replicas_left = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="How many its autoscaler may still add."
    )
    monthly_cost = serializers.SerializerMethodField(help_text="In the currency of OpenCost.")
    warnings = serializers.SerializerMethodField(help_text="What leaves no headroom.")

    class Meta:
        model = ClusterFacts
        fields = [
            "id", "service", "workload", "pods", "pods_on_spot", "spot_share", "smallest",
            "largest", "replicas_left", "node_groups", "cpu_requested", "memory_requested",
            "hourly_cost", "monthly_cost", "warnings", "read_at", "problem",
        ]  # fmt: skip
        read_only_fields = fields

    def get_monthly_cost(self, facts: ClusterFacts) -> float | None:
        return cluster_facts.monthly_cost(facts)

    def get_warnings(self, facts: ClusterFacts) -> list[str]:
        return cluster_facts.in_words(facts)


class ClusterFactsViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """What services run on: pods, autoscaling bounds, node groups, spot share, cost."""

    queryset = ClusterFacts.objects.select_related("service")
    serializer_class = ClusterFactsSerializer
    filterset_fields = ["service__name"]


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "load-tests": LoadTestViewSet,
    "drills": DrillViewSet,
    "capacities": CapacityViewSet,
    "cluster-facts": ClusterFactsViewSet,
}
