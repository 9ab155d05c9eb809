"""REST API of action items."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.base import VisibleRecordField, validated_body
from incidents.api.mixins import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)
from kb.api.trackers import IssueLinkSerializer, TrackedIssueSerializer
from kb.models import ActionItem, TrackedIssue
from kb.permissions import (
    EDIT_ACTIONS,
    WRITE_POSTMORTEMS,
    visible_actions,
    visible_causes,
    visible_postmortems,
)
from kb.postmortems import action_items
from kb.tracking import linking


class ActionItemSerializer(serializers.ModelSerializer):
    postmortem = VisibleRecordField(visible_postmortems)
    cause = VisibleRecordField(visible_causes, required=False, allow_null=True)
    issue = TrackedIssueSerializer(read_only=True, allow_null=True)
    is_overdue = serializers.BooleanField(read_only=True)
    owner = serializers.SlugRelatedField(
        "username", queryset=get_user_model().objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = ActionItem
        fields = [
            "id", "title", "kind", "state", "owner", "owner_named", "due_on", "tracker_url",
            "postmortem", "cause", "is_overdue", "issue", "created_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = ["owner_named", "closed_at"]

    def create(self, validated_data: dict[str, Any]) -> ActionItem:
        author = self.context["request"].user
        return action_items.add_action(
            validated_data.pop("postmortem"), author=author, **validated_data
        )

    def update(self, instance: ActionItem, validated_data: dict[str, Any]) -> ActionItem:
        return action_items.edit_action(instance, self.context["request"].user, **validated_data)


class ActionItemViewSet(
    IdempotentCreateMixin, EtagRetrieveMixin, EtagUpdateMixin, mixins.ListModelMixin, Resource
):
    """Action items of postmortems, with owner and due date."""

    act = EDIT_ACTIONS
    acts = {"create": WRITE_POSTMORTEMS}
    queryset = ActionItem.objects.none()
    serializer_class = ActionItemSerializer
    filterset_fields = ["state", "kind", "postmortem", "cause", "owner__username"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[ActionItem]:
        if getattr(self, "swagger_fake_view", False):
            return ActionItem.objects.none()
        return visible_actions(self.request.user).select_related(
            "owner", "postmortem", "issue__tracker"
        )

    @extend_schema(
        methods=["POST"], request=IssueLinkSerializer, responses={202: TrackedIssueSerializer},
        summary="Create or link an issue in a tracker",
    )  # fmt: skip
    @extend_schema(methods=["DELETE"], responses={204: None}, summary="Unlink the issue")
    @action(detail=True, methods=["post", "delete"])
    def issue(self, request: Request, pk: str | None = None) -> Response:
        """A worker creates the issue, and keeps its state and the action's in step from then on."""
        row = self.get_object()
        if request.method == "DELETE":
            linking.unlink_issue(self._issue_of(row))
            return Response(status=204)
        given = validated_body(request, IssueLinkSerializer)
        made = linking.link_issue(row, given["tracker"], given["reference"])
        return Response(TrackedIssueSerializer(made).data, status=202)

    @extend_schema(
        request=None, responses={202: TrackedIssueSerializer}, summary="Read the issue again"
    )
    @action(detail=True, methods=["post"], url_path="issue/sync")
    def issue_sync(self, request: Request, pk: str | None = None) -> Response:
        issue = self._issue_of(self.get_object())
        linking.bring_in_step(issue)
        issue.refresh_from_db()
        return Response(TrackedIssueSerializer(issue).data, status=202)

    @staticmethod
    def _issue_of(row: ActionItem) -> TrackedIssue:
        issue: TrackedIssue | None = getattr(row, "issue", None)
        if issue is None:
            raise NotFound("This action is linked with no issue.")
        return issue


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"actions": ActionItemViewSet}
