"""REST API of events: as a list, and as a stream (server-sent events)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
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

from common.viewer import signed_in
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.events import stream_places
from incidents.events.outbox import KINDS, visible_events
from incidents.models import ApiToken, Event
from incidents.permissions import Viewer
from people.membership import forget_roles

POLL, HEARTBEAT, LONGEST = 1.0, 15.0, 600.0
"""Seconds between two queries, between heartbeats, and until a client must reconnect."""
BATCH = 100
SETTLED = timedelta(seconds=1)


class EventSerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(list(KINDS.items()))

    class Meta:
        model = Event
        fields = ["id", "kind", "at", "text", "path", "incident"]


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

    Few clients of one person may listen at a time; one more gets 429.

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
    def get(self, request: Request) -> StreamingHttpResponse | Response:
        last = _number(request.headers.get("Last-Event-ID", ""), "Last-Event-ID", 2**62)
        seconds = _number(request.query_params.get("seconds", ""), "seconds", int(LONGEST))
        if last is None:
            newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
            last = newest or 0
        person = int(request.user.pk or 0)
        try:
            stream_places.take(person)
        except stream_places.NoPlace as error:
            raise Throttled(5, str(error)) from error
        events = _listen(request.user, last, float(seconds or LONGEST), _check_of(request))
        stream = _Stream(events, person)
        response = StreamingHttpResponse(stream, content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


def _number(given: str, name: str, most: int) -> int | None:
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:30]) <= most:
        raise serializers.ValidationError({name: [f"Send a number from 1 to {most}."]})
    return int(given)


class _Stream:
    """Frees its place when it ends, or when it is closed before anybody read from it."""

    def __init__(self, events: Generator[str, None, None], person: int) -> None:
        self._events, self._person, self._open = events, person, True

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
            stream_places.free(self._person)


def _check_of(request: Request) -> Callable[[], bool]:
    """A function that asks the database whether this client may still listen.

    Not after its token was revoked, its session ended, its person deactivated or made a superuser
    or none, or, for a session, their password changed.
    """
    user, token, session = signed_in(request), request.auth, request._request.session
    # Roles are read again for each query; what a superuser is, the object remembers.
    people = User.objects.filter(pk=user.pk, is_active=True, is_superuser=user.is_superuser)

    def may_listen() -> bool:
        if isinstance(token, ApiToken):
            now = ApiToken.objects.filter(pk=token.pk, user__is_active=True).first()
            return now is not None and now.is_valid and people.exists()
        open_session = session.session_key is None or session.exists(session.session_key)
        return open_session and people.filter(password=user.password).exists()

    return may_listen


def _listen(
    viewer: Viewer, last: int, seconds: float, may_listen: Callable[[], bool]
) -> Generator[str, None, None]:
    until = time.monotonic() + min(seconds, LONGEST)
    alive = time.monotonic()
    yield "retry: 2000\n\n"
    while time.monotonic() < until and may_listen():
        forget_roles(viewer)
        # A transaction that commits late adds events with lower ids late: wait for it.
        settled = timezone.now() - SETTLED
        arrived = Event.objects.filter(pk__gt=last, at__lt=settled).order_by("pk")
        keys = list(arrived.values_list("pk", flat=True)[:BATCH])
        if keys:
            # Which of them this client may see is a query of some size; mostly nothing happened.
            for event in visible_events(viewer).filter(pk__in=keys).order_by("pk"):
                data = json.dumps(EventSerializer(event).data, default=str)
                yield f"id: {event.pk}\nevent: {event.kind}\ndata: {data}\n\n"
            last = keys[-1]
        if len(keys) == BATCH:
            continue
        if time.monotonic() - alive > HEARTBEAT:
            alive = time.monotonic()
            yield ": heartbeat\n\n"
        time.sleep(POLL)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"events": EventViewSet}
VIEWS = {"events/stream": EventStreamView}
