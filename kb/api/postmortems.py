"""REST API of postmortems."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.base import VisibleRecordField, validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from incidents.permissions import visible_incidents
from kb import privacy
from kb.api.publish_targets import PublishedCopySerializer
from kb.exporters import registry
from kb.exporters.base import file_name
from kb.models import Comment, Postmortem, PostmortemReview
from kb.models.postmortem import MAX_CHARACTERS
from kb.permissions import (
    MAKE_RECORDS_PUBLIC,
    PUBLISH_POSTMORTEMS,
    REVIEW_POSTMORTEMS,
    WRITE_POSTMORTEMS,
    visible_postmortems,
)
from kb.postmortems import editing
from kb.publishing import copying


class Conflict(APIException):
    status_code = 409
    default_detail = (
        "Somebody else saved in the meantime: read the text again and apply your change to it."
    )


class PostmortemSerializer(serializers.ModelSerializer):
    incidents = VisibleRecordField(visible_incidents, many=True)
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    body = serializers.CharField(max_length=MAX_CHARACTERS, required=False, allow_blank=True)
    title = serializers.CharField(max_length=300, required=False)
    version = serializers.IntegerField(
        required=False, min_value=1, help_text="In an edit: the version that was read."
    )

    class Meta:
        model = Postmortem
        fields = [
            "id", "title", "body", "state", "incidents", "author", "version", "private",
            "published_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["state", "private", "published_at"]

    def create(self, validated_data: dict[str, Any]) -> Postmortem:
        incidents = validated_data["incidents"]
        user = self.context["request"].user
        postmortem = editing.start_postmortem(incidents, user)
        text = {k: v for k, v in validated_data.items() if k in ("title", "body")}
        return self._save(postmortem, user, postmortem.version, text) if text else postmortem

    def update(self, instance: Postmortem, validated_data: dict[str, Any]) -> Postmortem:
        base = validated_data.pop("version", instance.version)
        return self._save(instance, self.context["request"].user, base, validated_data)

    def _save(
        self, postmortem: Postmortem, user: User, base: int, fields: dict[str, Any]
    ) -> Postmortem:
        whole = {"title": postmortem.title, "body": postmortem.body, **fields}
        try:
            return editing.save_postmortem(postmortem, user, base_version=base, **whole)
        except editing.EditConflict as error:
            raise Conflict from error


class PostmortemReviewSerializer(serializers.ModelSerializer):
    reviewer = serializers.SlugRelatedField("username", queryset=get_user_model().objects.all())

    class Meta:
        model = PostmortemReview
        fields = ["id", "reviewer", "state", "answered_at"]
        read_only_fields = ["state", "answered_at"]


class ReviewAnswerSerializer(serializers.Serializer):
    state = serializers.ChoiceField(["approved", "changes"])


class CommentSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.username", read_only=True, default=None)
    passage = serializers.CharField(
        max_length=1000, required=False, allow_blank=True,
        help_text="The words of the text that it is about.",
    )  # fmt: skip

    class Meta:
        model = Comment
        fields = ["id", "text", "passage", "author", "created_at", "settled_at"]
        read_only_fields = ["settled_at"]
        extra_kwargs = {"text": {"max_length": 5000}}


class FileRenderer(BaseRenderer):
    """Exporters return the content of a file."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, *_: Any) -> Any:
        return data


class PostmortemViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    """Postmortems; one without text starts with its template, filled with what is recorded."""

    act = WRITE_POSTMORTEMS
    acts = {
        "publish": PUBLISH_POSTMORTEMS,
        "open": MAKE_RECORDS_PUBLIC,
        "comment": REVIEW_POSTMORTEMS,
        "review": REVIEW_POSTMORTEMS,
        "copy": PUBLISH_POSTMORTEMS,
    }
    queryset = Postmortem.objects.none()
    serializer_class = PostmortemSerializer
    filterset_fields = ["state", "incidents"]
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Postmortem]:
        if getattr(self, "swagger_fake_view", False):
            return Postmortem.objects.none()
        visible = visible_postmortems(self.request.user)
        return visible.select_related("author").prefetch_related("incidents")

    @extend_schema(request=None, responses=PostmortemSerializer, summary="Publish a postmortem")
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str | None = None) -> Response:
        editing.publish(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=None, responses=PostmortemSerializer, summary="Make a private postmortem public"
    )
    @action(detail=True, methods=["post"])
    def open(self, request: Request, pk: str | None = None) -> Response:
        privacy.open_postmortem(self.get_object(), signed_in(request))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        responses=PostmortemReviewSerializer(many=True), summary="Reviews", filters=False
    )
    @action(detail=True, pagination_class=None)
    def reviews(self, request: Request, pk: str | None = None) -> Response:
        rows = self.get_object().reviews.select_related("reviewer")
        return Response(PostmortemReviewSerializer(rows, many=True).data)

    @extend_schema(
        request=PostmortemReviewSerializer,
        responses={201: PostmortemReviewSerializer(many=True)},
        summary="Request a review",
    )
    @reviews.mapping.post
    def request_review(self, request: Request, pk: str | None = None) -> Response:
        postmortem = self.get_object()
        reviewer = validated_body(request, PostmortemReviewSerializer)["reviewer"]
        editing.request_review(postmortem, [reviewer], signed_in(request))
        return Response(PostmortemReviewSerializer(postmortem.reviews.all(), many=True).data, 201)

    @extend_schema(
        request=ReviewAnswerSerializer,
        responses=PostmortemReviewSerializer,
        summary="Answer one's review",
    )
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str | None = None) -> Response:
        data = validated_body(request, ReviewAnswerSerializer)
        own = get_object_or_404(self.get_object().reviews, reviewer_id=request.user.pk)
        return Response(PostmortemReviewSerializer(editing.answer_review(own, data["state"])).data)

    @extend_schema(responses=CommentSerializer(many=True), summary="Comments", filters=False)
    @action(detail=True, pagination_class=None)
    def comments(self, request: Request, pk: str | None = None) -> Response:
        rows = self.get_object().comments.select_related("author")
        return Response(CommentSerializer(rows, many=True).data)

    @extend_schema(
        request=CommentSerializer, responses={201: CommentSerializer}, summary="Comment on it"
    )
    @comments.mapping.post
    def comment(self, request: Request, pk: str | None = None) -> Response:
        data = validated_body(request, CommentSerializer)
        comment = editing.comment_on(self.get_object(), author=signed_in(request), **data)
        return Response(CommentSerializer(comment).data, 201)

    @extend_schema(
        responses=PublishedCopySerializer(many=True), summary="Copies elsewhere", filters=False
    )
    @action(detail=True, pagination_class=None)
    def copies(self, request: Request, pk: str | None = None) -> Response:
        rows = self.get_object().copies.select_related("target")
        return Response(PublishedCopySerializer(rows, many=True).data)

    @extend_schema(
        request=PublishedCopySerializer,
        responses={202: PublishedCopySerializer},
        summary="Copy it to a target",
    )
    @copies.mapping.post
    def copy(self, request: Request, pk: str | None = None) -> Response:
        postmortem = self.get_object()
        data = validated_body(request, PublishedCopySerializer)
        made = copying.copy_postmortem(postmortem, data["target"])
        return Response(PublishedCopySerializer(made).data, 202)

    @extend_schema(
        parameters=[OpenApiParameter("kind", enum=sorted(registry()), location="path")],
        responses={(200, "*/*"): OpenApiTypes.BINARY},
        summary="Export a postmortem",
    )
    @action(detail=True, url_path="as/(?P<kind>[a-z]+)", renderer_classes=[FileRenderer])
    def export(self, request: Request, pk: str | None = None, kind: str = "") -> HttpResponse:
        postmortem, plugin = self.get_object(), registry().get(kind)
        if plugin is None:
            raise serializers.ValidationError({"kind": [f"There are: {', '.join(registry())}."]})
        response = HttpResponse(plugin().export(postmortem, request.user), plugin.content_type)
        name = f"{file_name(postmortem)}.{plugin.extension}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"postmortems": PostmortemViewSet}
