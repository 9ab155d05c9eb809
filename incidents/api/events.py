"""REST API of events: as pages, and as a stream that stays open (server-sent events)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import Throttled
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.api.resources import EtagRetrieveMixin, Resource
from incidents.events.outbox import KINDS, visible_events
from incidents.models import Event
from incidents.permissions import Viewer

POLL, HEARTBEAT, LONGEST = 1.0, 15.0, 600.0
"""Seconds between two looks, between signs of life, and until the listener must come again."""
BATCH = 100
SETTLED = timedelta(seconds=1)
_streams = threading.Semaphore(4)
"""How many listeners a process serves at once; each holds a thread."""


class EventSerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(list(KINDS.items()))

    class Meta:
        model = Event
        fields = ["id", "kind", "at", "text", "path", "incident"]


class EventViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """What happened to incidents, newest first; kept for a month."""

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

    It ends after ten minutes: come again with the `Last-Event-ID` you saw, as browsers do by
    themselves, and nothing is missed.
    """

    renderer_classes = [EventStreamRenderer]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Last-Event-ID", int, OpenApiParameter.HEADER,
                description="The last one seen; without it, from now on.",
            ),
            OpenApiParameter(
                "seconds", int, description="Close it after so many; 1 to 600.", default=600
            ),
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        summary="Events as they happen",
    )  # fmt: skip
    def get(self, request: Request) -> StreamingHttpResponse | Response:
        last = _number(request.headers.get("Last-Event-ID", ""), "Last-Event-ID", 2**62)
        seconds = _number(request.query_params.get("seconds", ""), "seconds", int(LONGEST))
        if last is None:
            newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
            last = newest or 0
        if not _streams.acquire(blocking=False):
            raise Throttled(5, "Too many listeners here; come again.")
        stream = _Stream(_listen(request.user, last, float(seconds or LONGEST)))
        answer = StreamingHttpResponse(stream, content_type="text/event-stream")
        answer["Cache-Control"] = "no-store"
        answer["X-Accel-Buffering"] = "no"
        return answer


def _number(given: str, name: str, most: int) -> int | None:
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:30]) <= most:
        raise serializers.ValidationError({name: [f"Send a number from 1 to {most}."]})
    return int(given)


class _Stream:
    """Gives its place back when it ends, or is closed before anybody read from it."""

    def __init__(self, events: Generator[str, None, None]) -> None:
        self._events, self._open = events, True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._events.close()
        if self._open:
            self._open = False
            _streams.release()


def _listen(viewer: Viewer, last: int, seconds: float) -> Generator[str, None, None]:
    until = time.monotonic() + min(seconds, LONGEST)
    alive = time.monotonic()
    yield "retry: 2000\n\n"
    while time.monotonic() < until:
        # A transaction that ends late brings lower numbers late: it gets a moment to do so.
        settled = timezone.now() - SETTLED
        found = list(
            visible_events(viewer).filter(pk__gt=last, at__lt=settled).order_by("pk")[:BATCH]
        )
        for event in found:
            data = json.dumps(EventSerializer(event).data, default=str)
            yield f"id: {event.pk}\nevent: {event.kind}\ndata: {data}\n\n"
            last = event.pk
        if len(found) == BATCH:
            continue
        if time.monotonic() - alive > HEARTBEAT:
            alive = time.monotonic()
            yield ": still here\n\n"
        time.sleep(POLL)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"events": EventViewSet}
VIEWS = {"events/stream": EventStreamView}
