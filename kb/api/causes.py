"""REST API of causes, cause links and categories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.base import VisibleRecordField, validated_body
from incidents.api.mixins import (
    AnySuffixMixin,
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.permissions import visible_incidents
from kb import privacy
from kb.causes import fixes, linking, merging
from kb.causes.queries import matching_causes
from kb.models import Category, Cause, CauseLink
from kb.permissions import (
    EDIT_CAUSES,
    LINK_CAUSES,
    MAKE_RECORDS_PUBLIC,
    visible_causes,
    visible_links,
)


class CauseSerializer(serializers.ModelSerializer):
    category = serializers.PrimaryKeyRelatedField(
        queryset=Category.objects.all(), default="other", help_text="The slug of a category."
    )
    superseded_by = serializers.PrimaryKeyRelatedField[Cause](read_only=True)
    fixed_at = serializers.SerializerMethodField(
        help_text="Since when it is fixed; null if it is not, or came back."
    )

    class Meta:
        model = Cause
        fields = [
            "id", "name", "category", "what_happens", "how_to_tell", "how_to_fix",
            "how_to_prevent", "runbook_url", "superseded_by", "fixed_at", "private", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["private"]
        extra_kwargs = {
            name: {"max_length": 50_000}
            for name in ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
        }

    def get_fixed_at(self, cause: Cause) -> datetime | None:
        current = getattr(cause, "current_fixes", None)
        if current is None:  # It was not read by the view's query.
            current = list(fixes.current_fixes(self.context["request"].user).filter(cause=cause))
        return current[0].fixed_at if current else None

    def create(self, validated_data: dict[str, Any]) -> Cause:
        return linking.create_cause(**validated_data)

    def update(self, instance: Cause, validated_data: dict[str, Any]) -> Cause:
        return linking.edit_cause(instance, **validated_data)


class CauseFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="filter_words", label="Words of its name or texts")

    class Meta:
        model = Cause
        fields = ["q", "category"]

    def filter_words(self, causes: QuerySet[Cause], name: str, value: str) -> QuerySet[Cause]:
        matching = matching_causes(self.request.user, value)
        return causes.filter(pk__in=matching.values("pk"))


class CauseLinkSerializer(serializers.ModelSerializer):
    incident = VisibleRecordField(visible_incidents)
    cause = VisibleRecordField(visible_causes)
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    reason = serializers.CharField(max_length=5000, allow_blank=True, default="")

    class Meta:
        model = CauseLink
        fields = ["id", "incident", "cause", "role", "state", "reason", "author", "updated_at"]
        # Posting an existing link changes it, as accepting a suggestion twice does.
        validators: list[Any] = []

    def create(self, validated_data: dict[str, Any]) -> CauseLink:
        return linking.link_cause(
            validated_data.pop("incident"),
            validated_data.pop("cause"),
            author=self.context["request"].user,
            **validated_data,
        )


class FixedSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=5000, allow_blank=True, default="")
    at = serializers.DateTimeField(required=False, help_text="Now, if left out.")


class OtherCauseSerializer(serializers.Serializer):
    other = VisibleRecordField(visible_causes)


class SplitCauseSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200, help_text="Of the new cause.")
    links = VisibleRecordField(
        visible_links, many=True, help_text="Cause links that are moved to it."
    )


class CauseViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    act = EDIT_CAUSES
    acts = {"fixed": LINK_CAUSES, "open": MAKE_RECORDS_PUBLIC}
    queryset = Cause.objects.none()
    serializer_class = CauseSerializer
    filterset_class = CauseFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Cause]:
        if getattr(self, "swagger_fake_view", False):
            return Cause.objects.none()
        current = fixes.current_fixes(self.request.user)
        return visible_causes(self.request.user).prefetch_related(
            Prefetch("fixes", current, to_attr="current_fixes")
        )

    @extend_schema(
        request=FixedSerializer, responses=CauseSerializer, summary="Mark a cause as fixed"
    )
    @action(detail=True, methods=["post"])
    def fixed(self, request: Request, pk: str | None = None) -> Response:
        data = validated_body(request, FixedSerializer)
        fixes.mark_fixed(self.get_object(), signed_in(request), data["note"], data.get("at"))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses=CauseSerializer, summary="Make a private cause public")
    @action(detail=True, methods=["post"])
    def open(self, request: Request, pk: str | None = None) -> Response:
        privacy.open_cause(self.get_object(), signed_in(request))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=OtherCauseSerializer,
        responses=CauseSerializer,
        summary="Merge another cause into this one",
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str | None = None) -> Response:
        merging.merge_causes(
            self.get_object(), validated_body(request, OtherCauseSerializer)["other"]
        )
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=OtherCauseSerializer,
        responses=CauseSerializer,
        summary="Suggest another cause instead of this one",
    )
    @action(detail=True, methods=["post"])
    def supersede(self, request: Request, pk: str | None = None) -> Response:
        merging.supersede_cause(
            self.get_object(), validated_body(request, OtherCauseSerializer)["other"]
        )
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=SplitCauseSerializer,
        responses={201: CauseSerializer},
        summary="Split off a cause for some of its incidents",
    )
    @action(detail=True, methods=["post"])
    def split(self, request: Request, pk: str | None = None) -> Response:
        data = validated_body(request, SplitCauseSerializer)
        keys = [link.pk for link in data["links"]]
        new_cause = merging.split_cause(
            self.get_object(), data["name"], keys, author=signed_in(request)
        )
        return Response(self.get_serializer(new_cause).data, status=201)


class CauseLinkViewSet(
    IdempotentCreateMixin,
    EtagRetrieveMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    Resource,
):
    act = LINK_CAUSES
    queryset = CauseLink.objects.none()
    serializer_class = CauseLinkSerializer
    filterset_fields = ["incident", "cause", "state", "role"]

    def get_queryset(self) -> QuerySet[CauseLink]:
        if getattr(self, "swagger_fake_view", False):
            return CauseLink.objects.none()
        return visible_links(self.request.user).select_related("incident", "cause", "author")

    def perform_destroy(self, instance: CauseLink) -> None:
        linking.unlink_cause(instance, signed_in(self.request))


class CategorySerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["slug", "name", "position"]


class CategoryViewSet(AnySuffixMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    pagination_class = None


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "causes": CauseViewSet,
    "cause-links": CauseLinkViewSet,
    "categories": CategoryViewSet,
}
