"""REST API of causes and cause links. Serializers parse, linking.py acts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from incidents.api_base import Visible
from incidents.permissions import visible_incidents
from kb import linking
from kb.models import Category, Cause, CauseLink
from kb.permissions import visible_causes, visible_links


class CauseSerializer(serializers.ModelSerializer):
    category = serializers.PrimaryKeyRelatedField(
        queryset=Category.objects.all(), default="other", help_text="The slug of a category."
    )
    superseded_by = serializers.PrimaryKeyRelatedField[Cause](read_only=True)

    class Meta:
        model = Cause
        fields = [
            "id", "name", "category", "what_happens", "how_to_tell", "how_to_fix",
            "how_to_prevent", "runbook_url", "superseded_by", "created_at", "updated_at",
        ]  # fmt: skip
        extra_kwargs = {
            name: {"max_length": 50_000}
            for name in ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
        }

    def create(self, validated_data: dict[str, Any]) -> Cause:
        return linking.create_cause(**validated_data)

    def update(self, instance: Cause, validated_data: dict[str, Any]) -> Cause:
        return linking.edit_cause(instance, **validated_data)


class CauseLinkSerializer(serializers.ModelSerializer):
    incident = Visible(visible_incidents)
    cause = Visible(visible_causes)
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    reason = serializers.CharField(max_length=5000, allow_blank=True, default="")

    class Meta:
        model = CauseLink
        fields = ["id", "incident", "cause", "role", "state", "reason", "author", "updated_at"]
        # Posting a link that exists changes it, as accepting a suggestion twice does.
        validators: list[Any] = []

    def create(self, validated_data: dict[str, Any]) -> CauseLink:
        return linking.link_cause(
            validated_data.pop("incident"),
            validated_data.pop("cause"),
            author=self.context["request"].user,
            **validated_data,
        )


class CauseViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
):
    queryset = Cause.objects.none()
    serializer_class = CauseSerializer
    filterset_fields = ["category"]
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Cause]:
        if getattr(self, "swagger_fake_view", False):
            return Cause.objects.none()
        return visible_causes(self.request.user)


class CauseLinkViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
):
    queryset = CauseLink.objects.none()
    serializer_class = CauseLinkSerializer
    filterset_fields = ["incident", "cause", "state", "role"]

    def get_queryset(self) -> QuerySet[CauseLink]:
        if getattr(self, "swagger_fake_view", False):
            return CauseLink.objects.none()
        return visible_links(self.request.user).select_related("incident", "cause", "author")

    def perform_destroy(self, instance: CauseLink) -> None:
        linking.unlink_cause(instance, self.request.user)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {
    "causes": CauseViewSet,
    "cause-links": CauseLinkViewSet,
}
