"""REST API of trackers, for those who manage them, and of the issues of action items."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, viewsets

from kb.api.connections import ConnectionSerializer, ConnectionViewSet
from kb.models import TrackedIssue, Tracker
from kb.permissions import MANAGE_TRACKERS
from kb.trackers import registry
from kb.tracking import linking


class TrackerSerializer(ConnectionSerializer):
    plugins = registry
    settings_changed = staticmethod(linking.settings_changed)
    path = serializers.SerializerMethodField(help_text="The path that the tracker posts to.")

    class Meta:
        model = Tracker
        fields = [
            "id", "kind", "name", "path", "enabled", "settings", "secrets", "secrets_unreadable",
            "trouble", "created_at",
        ]  # fmt: skip
        read_only_fields = ["trouble"]

    def get_path(self, row: Tracker) -> str:
        return f"/trackers/{row.slug}/"


@extend_schema_view(probe=extend_schema(summary="Probe a tracker"))
class TrackerViewSet(ConnectionViewSet):
    """Projects of trackers, in which action items become issues."""

    act = act_to_read = MANAGE_TRACKERS
    queryset = Tracker.objects.all()
    serializer_class = TrackerSerializer
    probe_record = staticmethod(linking.probe)


class TrackedIssueSerializer(serializers.ModelSerializer):
    """The issue of an action item. `sync` says how far the worker is, `error` what failed."""

    tracker = serializers.SlugRelatedField[Tracker]("name", read_only=True)
    kind = serializers.CharField(source="tracker.kind", read_only=True)
    sync = serializers.ChoiceField(TrackedIssue.State.choices, source="state", read_only=True)
    state = serializers.ChoiceField(
        TrackedIssue.IssueState.choices, source="issue_state", read_only=True
    )

    class Meta:
        model = TrackedIssue
        fields = [
            "tracker", "kind", "key", "former_key", "title", "url", "state", "status", "sync",
            "error", "checked_at",
        ]  # fmt: skip
        read_only_fields = fields


class IssueLinkSerializer(serializers.Serializer):
    tracker = serializers.SlugRelatedField(
        "name", queryset=Tracker.objects.filter(enabled=True), help_text="Its name."
    )
    reference = serializers.CharField(
        required=False, allow_blank=True, max_length=500, default="",
        help_text="Key or address of an existing issue; empty to create a new one.",
    )  # fmt: skip


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"trackers": TrackerViewSet}
