"""REST API of who is on call, as pagers say."""

from __future__ import annotations

from django_filters import CharFilter, FilterSet
from rest_framework import mixins, serializers, viewsets

from incidents.api.base import NameField
from incidents.api.mixins import EtagRetrieveMixin, Resource
from kb.models import OnCall


class OnCallSerializer(serializers.ModelSerializer):
    service = NameField(read_only=True)
    workspace = serializers.CharField(
        source="workspace.name", read_only=True, help_text="The pager that says so."
    )
    name = serializers.CharField(source="shown_name", read_only=True)
    user = serializers.CharField(
        source="user.username", read_only=True, allow_null=True, default=None,
        help_text="The account with the same mail address.",
    )  # fmt: skip
    stale = serializers.BooleanField(
        source="is_stale", read_only=True,
        help_text="It was read long ago or the shift is over: somebody else may be on call.",
    )  # fmt: skip

    class Meta:
        model = OnCall
        fields = [
            "id", "service", "name", "user", "level", "rota", "until", "workspace", "read_at",
            "stale",
        ]  # fmt: skip


class OnCallFilter(FilterSet):
    service = CharFilter(field_name="service__name", lookup_expr="iexact")

    class Meta:
        model = OnCall
        fields = ["service", "level"]


class OnCallViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Who would be called now, by service: level 1 first."""

    queryset = OnCall.objects.select_related("service", "workspace", "user")
    serializer_class = OnCallSerializer
    filterset_class = OnCallFilter


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"on-call": OnCallViewSet}
