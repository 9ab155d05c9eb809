"""REST API of what is stored; for administrators."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.storage.forecast import storage_for
from common.viewer import signed_in
from people.permissions import SEE_STORAGE


class StoredKindSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    rule = serializers.CharField(help_text="What becomes of it, in words.")
    days = serializers.IntegerField(help_text="Of its rule; 0: for ever.")
    tables = serializers.ListField(child=serializers.CharField())
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField(source="size")
    bytes_per_day = serializers.IntegerField(source="per_day", help_text="Over the last 30 days.")
    bytes_steady = serializers.IntegerField(
        source="steady", allow_null=True, help_text="What its rule will leave; null: it grows."
    )
    applied_at = serializers.DateTimeField(
        allow_null=True, help_text="When its rule last left nothing old."
    )


class StorageSerializer(serializers.Serializer):
    database_bytes = serializers.IntegerField(source="database")
    disk_free_bytes = serializers.IntegerField(source="disk_free", allow_null=True)
    bytes_per_day = serializers.IntegerField(source="per_day")
    bytes_per_year = serializers.IntegerField(source="per_year", help_text="Without any rule.")
    bytes_steady = serializers.IntegerField(source="steady", help_text="What the rules will leave.")
    bytes_per_year_for_ever = serializers.IntegerField(
        source="for_ever", help_text="A year adds so much that no rule bounds."
    )
    kinds = StoredKindSerializer(many=True)


class StorageView(APIView):
    """What is stored by kind, how it grows, and what becomes of it."""

    act = act_to_read = SEE_STORAGE

    @extend_schema(responses=StorageSerializer)
    def get(self, request: Request) -> Response:
        return Response(StorageSerializer(storage_for(signed_in(request))).data)


VIEWS = {"storage": StorageView}
