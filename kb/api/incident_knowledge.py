"""REST API of an incident's causes: copied from another incident, chained, with citations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.viewer import signed_in
from incidents.api.base import VisibleRecordField, validated_body
from incidents.events.pages import with_open_pages
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.api.causes import CauseLinkSerializer
from kb.causes import linking
from kb.models import Citation, LedTo
from kb.permissions import LINK_CAUSES, visible_causes, visible_links
from people import audit


class SameAsSerializer(serializers.Serializer):
    other = VisibleRecordField(
        visible_incidents, help_text="The incident whose causes are confirmed here too."
    )


class ChainSerializer(serializers.ModelSerializer):
    earlier = VisibleRecordField(visible_causes)
    later = VisibleRecordField(visible_causes)

    class Meta:
        model = LedTo
        fields = ["earlier", "later"]
        validators: list[Any] = []


class CitationSerializer(serializers.ModelSerializer):
    link = VisibleRecordField(visible_links, help_text="The cause link that it is evidence for.")

    class Meta:
        model = Citation
        fields = ["id", "link", "title", "path"]
        validators: list[Any] = []


class _OfIncident(APIView):
    def incident(self) -> Incident:
        rows = visible_incidents(self.request.user)
        return audit.record_reading(get_object_or_404(rows, pk=self.kwargs["pk"]))


class SameAsView(_OfIncident):
    """“Same as INC-42”: confirm the causes of that incident for this one."""

    act = LINK_CAUSES

    @extend_schema(
        request=SameAsSerializer,
        responses=CauseLinkSerializer(many=True),
        summary="Copy the causes of another incident",
    )
    def post(self, request: Request, pk: int) -> Response:
        incident = self.incident()
        links = linking.copy_causes(
            incident, validated_body(request, SameAsSerializer)["other"], signed_in(request)
        )
        return Response(CauseLinkSerializer(links, many=True, context={"request": request}).data)


class ChainView(_OfIncident):
    """Which cause of an incident led to which."""

    act = LINK_CAUSES

    @extend_schema(responses=ChainSerializer(many=True), summary="Chain of causes")
    def get(self, request: Request, pk: int) -> Response:
        edges = self.incident().led_to.all()
        return Response(ChainSerializer(edges, many=True, context={"request": request}).data)

    @extend_schema(
        request=ChainSerializer,
        responses={201: ChainSerializer},
        summary="Record that one cause led to another",
    )
    def post(self, request: Request, pk: int) -> Response:
        incident, data = self.incident(), validated_body(request, ChainSerializer)
        edge = linking.chain_causes(incident, data["earlier"], data["later"], signed_in(request))
        return Response(ChainSerializer(edge, context={"request": request}).data, 201)


class CitationsView(_OfIncident):
    """Evidence for the cause links of an incident: pages of this site, such as charts."""

    act = LINK_CAUSES

    def _links(self) -> Any:
        return visible_links(self.request.user).filter(incident=self.incident())

    @extend_schema(responses=CitationSerializer(many=True), summary="Citations")
    def get(self, request: Request, pk: int) -> Response:
        rows = with_open_pages(Citation.objects.filter(link__in=self._links()), request.user)
        return Response(CitationSerializer(rows, many=True, context={"request": request}).data)

    @extend_schema(
        request=CitationSerializer, responses={201: CitationSerializer}, summary="Cite evidence"
    )
    def post(self, request: Request, pk: int) -> Response:
        links, data = self._links(), validated_body(request, CitationSerializer)
        link = get_object_or_404(links, pk=data["link"].pk)
        citation = linking.cite_evidence(link, data["title"], data["path"], signed_in(request))
        return Response(CitationSerializer(citation, context={"request": request}).data, 201)


VIEWS = {
    "incidents/<int:pk>/same_as": SameAsView,
    "incidents/<int:pk>/chain": ChainView,
    "incidents/<int:pk>/citations": CitationsView,
}
