"""REST API of sources."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import sources
from analysis.evidence.source_plugins import probe_source
from analysis.models import Source
from analysis.permissions import MANAGE_SOURCES
from analysis.sources.base import SourceError
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.api.named import NamedMixin
from incidents.api.plugins import PluginSerializer, ProbeSerializer

PROBE_DEADLINE = 5.0


class SourceSerializer(PluginSerializer):
    plugins = sources.registry

    class Meta:
        model = Source
        fields = ["id", "name", "kind", "enabled", "settings", "secrets", "secrets_unreadable"]


class SourceViewSet(NamedMixin, EtagRetrieveMixin, mixins.CreateModelMixin,
                    mixins.UpdateModelMixin, mixins.ListModelMixin, Resource):  # fmt: skip
    """Where evidence comes from. For users who may manage sources."""

    act = act_to_read = MANAGE_SOURCES
    queryset = Source.objects.all()
    serializer_class = SourceSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]

    @extend_schema(request=None, responses=ProbeSerializer, summary="Probe a source")
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str | None = None) -> Response:
        source = self.get_object()
        try:
            result = {"well": True, "answer": probe_source(source, PROBE_DEADLINE)}
        except SourceError as error:
            result = {"well": False, "answer": error.in_full}
        return Response(ProbeSerializer(result).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"sources": SourceViewSet}
