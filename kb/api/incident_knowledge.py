"""REST API of what is known of one incident: same causes as another, chains, what links rest on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.api.base import Visible, asked_for
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.api.causes import CauseLinkSerializer
from kb.causes import linking
from kb.models import Citation, LedTo
from kb.permissions import visible_causes, visible_links


class SameAsSerializer(serializers.Serializer):
    other = Visible(visible_incidents, help_text="The incident whose causes are these too.")


class ChainSerializer(serializers.ModelSerializer):
    earlier = Visible(visible_causes)
    later = Visible(visible_causes)

    class Meta:
        model = LedTo
        fields = ["earlier", "later"]
        validators: list[Any] = []


class CitationSerializer(serializers.ModelSerializer):
    link = Visible(visible_links, help_text="The cause link that rests on it.")

    class Meta:
        model = Citation
        fields = ["id", "link", "title", "path"]
        validators: list[Any] = []


class _OfIncident(APIView):
    def incident(self) -> Incident:
        return get_object_or_404(visible_incidents(self.request.user), pk=self.kwargs["pk"])


class SameAsView(_OfIncident):
    """“Same as INC-42”: the causes known of that one are the causes of this one."""

    @extend_schema(
        request=SameAsSerializer, responses=CauseLinkSerializer(many=True), summary="Same as"
    )
    def post(self, request: Request, pk: int) -> Response:
        incident = self.incident()
        links = linking.same_as(
            incident, asked_for(request, SameAsSerializer)["other"], request.user
        )
        return Response(CauseLinkSerializer(links, many=True, context={"request": request}).data)


class ChainView(_OfIncident):
    """Which of an incident's causes led to which."""

    @extend_schema(responses=ChainSerializer(many=True), summary="What led to what")
    def get(self, request: Request, pk: int) -> Response:
        edges = self.incident().led_to.all()
        return Response(ChainSerializer(edges, many=True, context={"request": request}).data)

    @extend_schema(
        request=ChainSerializer, responses={201: ChainSerializer}, summary="One led to another"
    )
    def post(self, request: Request, pk: int) -> Response:
        incident, asked = self.incident(), asked_for(request, ChainSerializer)
        edge = linking.chain(incident, asked["earlier"], asked["later"], request.user)
        return Response(ChainSerializer(edge, context={"request": request}).data, 201)


class CitationsView(_OfIncident):
    """What cause links of an incident rest on: pages of this product, such as charts."""

    def _links(self) -> Any:
        return visible_links(self.request.user).filter(incident=self.incident())

    @extend_schema(responses=CitationSerializer(many=True), summary="Citations")
    def get(self, request: Request, pk: int) -> Response:
        rows = Citation.objects.filter(link__in=self._links())
        return Response(CitationSerializer(rows, many=True, context={"request": request}).data)

    @extend_schema(
        request=CitationSerializer, responses={201: CitationSerializer}, summary="Cite a page"
    )
    def post(self, request: Request, pk: int) -> Response:
        links, asked = self._links(), asked_for(request, CitationSerializer)
        link = get_object_or_404(links, pk=asked["link"].pk)
        made = linking.cite(link, asked["title"], asked["path"], request.user)
        return Response(CitationSerializer(made, context={"request": request}).data, 201)


VIEWS = {
    "incidents/<int:pk>/same_as": SameAsView,
    "incidents/<int:pk>/chain": ChainView,
    "incidents/<int:pk>/citations": CitationsView,
}
