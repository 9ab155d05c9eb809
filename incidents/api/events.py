"""REST API of events: as a list, and as a stream (server-sent events)."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import Throttled
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from common.viewer import signed_in
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.api.streams import LONGEST, EventSerializer, EventStream, Listener
from incidents.events import stream_places
from incidents.events.outbox import visible_events
from incidents.models import ApiToken, Event


class EventViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Events of incidents, newest first; retained for a month."""

    queryset = Event.objects.none()
    serializer_class = EventSerializer
    filterset_fields = ["kind", "incident"]

    def get_queryset(self) -> QuerySet[Event]:
        if getattr(self, "swagger_fake_view", False):
            return Event.objects.none()
        return visible_events(self.request.user)


class EventStreamRenderer(BaseRenderer):
    media_type = "text/event-stream"
    format = "stream"

    def render(self, data: Any, *_: Any) -> bytes:
        return json.dumps(data, default=str).encode()


class EventStreamView(APIView):
    """Events as they happen, as text/event-stream.

    Some clients of one person may listen at a time; one more gets 429.

    It ends after ten minutes: reconnect with the last `Last-Event-ID`, as browsers do by
    themselves, and no event is missed.
    """

    renderer_classes = [EventStreamRenderer]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Last-Event-ID", int, OpenApiParameter.HEADER,
                description="The last one received; without it, from now on.",
            ),
            OpenApiParameter(
                "seconds", int, description="Close it after so many; 1 to 600.", default=600
            ),
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        summary="Events as they happen",
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        last = _number(request.headers.get("Last-Event-ID", ""), "Last-Event-ID", 2**62)
        seconds = _number(request.query_params.get("seconds", ""), "seconds", int(LONGEST))
        if last is None:
            newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
            last = newest or 0
        if request.method == "HEAD":
            return HttpResponse(content_type=EventStreamRenderer.media_type)
        token = request.auth if isinstance(request.auth, ApiToken) else None
        try:
            listener = Listener(
                signed_in(request), last, float(seconds or LONGEST),
                token=token,
                session_key=None if token else request._request.session.session_key,
            )  # fmt: skip
        except stream_places.NoPlace as error:
            raise Throttled(5, str(error)) from error
        return EventStream(listener)


def _number(given: str, name: str, most: int) -> int | None:
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:30]) <= most:
        raise serializers.ValidationError({name: [f"Send a number from 1 to {most}."]})
    return int(given)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"events": EventViewSet}
VIEWS = {"events/stream": EventStreamView}
