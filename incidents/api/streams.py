"""Who listens to the stream of events, and what each is sent: the same few queries serve all.

A web process asks once a second, however many listen: who of them still may, and what is new. What
everybody may see is found once, the rest for each person.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework import serializers

from incidents.events import stream_places
from incidents.events.outbox import KINDS, visible_events
from incidents.models import ApiToken, Event
from incidents.permissions import Nobody, Viewer, only_team, sees_all, visible_incidents
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


@dataclass(eq=False)
class Listener:
    """One client: who it is, and how far it got. It has a place until it is closed."""

    viewer: User
    last: int
    seconds: float = LONGEST
    token: ApiToken | None = None
    session_key: str | None = None
    is_open: bool = True
    heard: float = field(default_factory=time.monotonic)
    opening: ClassVar[str] = "retry: 2000\n\n"

    def __post_init__(self) -> None:
        self.until = time.monotonic() + min(self.seconds, LONGEST)
        stream_places.take(self.viewer.pk)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            stream_places.free(self.viewer.pk)

    @property
    def every(self) -> float:
        """Seconds between two questions for news."""
        return POLL

    def news_of(self, listeners: Sequence[Listener]) -> Iterator[tuple[Listener, str | None]]:
        """Any of them knows those of all."""
        return news(listeners)

    @property
    def sees_as(self) -> Hashable:
        """Listeners with the same one see the same events."""
        return self.viewer.pk, only_team(self.viewer)


class EventStream(StreamingHttpResponse):
    """Sends to its listener from the thread it is in, unless the server takes the listener over."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        super().__init__(_texts(listener), content_type="text/event-stream")
        self["Cache-Control"] = "no-store"
        self["X-Accel-Buffering"] = "no"

    def hand_over(self) -> Listener:
        """From here on the caller sends, and closes the listener."""
        listener, self.listener = self.listener, None  # type: ignore[assignment]
        return listener

    def close(self) -> None:
        super().close()
        if self.listener is not None:
            self.listener.close()


def _texts(listener: Listener) -> Generator[str, None, None]:
    try:
        yield listener.opening
        while True:
            for _, text in news([listener]):
                if text is None:
                    return
                yield text
            time.sleep(POLL)
    finally:
        listener.close()


def news(listeners: Sequence[Listener]) -> Iterator[tuple[Listener, str | None]]:
    """What each is sent now, for those who are sent something; None where the stream ends."""
    now = time.monotonic()
    permitted = _permitted(listeners)
    behind: defaultdict[int, list[Listener]] = defaultdict(list)
    for listener in listeners:
        if listener not in permitted or now >= listener.until:
            yield listener, None
        else:
            behind[listener.last].append(listener)
            if now - listener.heard > HEARTBEAT:
                listener.heard = now
                yield listener, ": heartbeat\n\n"
    # A transaction that commits late adds events with lower ids late: wait for it.
    settled = Event.objects.filter(at__lt=timezone.now() - SETTLED)
    newest = settled.order_by("-pk").values_list("pk", flat=True).first() if behind else None
    for last, group in behind.items():
        if newest is not None and newest > last:
            arrived = list(settled.filter(pk__gt=last).order_by("pk")[:BATCH])
            yield from _sent(group, arrived)


def _permitted(listeners: Iterable[Listener]) -> set[Listener]:
    """Those who may still listen.

    Not after its token was revoked, its session ended, its person deactivated or made a superuser
    or none, or, for a session, their password changed.
    """
    tokens = [each.token.pk for each in listeners if each.token]
    sessions = [each.session_key for each in listeners if each.session_key]
    people = {
        pk: (is_superuser, password)
        for pk, is_superuser, password in User.objects.filter(
            pk__in={each.viewer.pk for each in listeners}, is_active=True
        ).values_list("pk", "is_superuser", "password")
    }
    valid_tokens = _existing(tokens, ApiToken, "pk", expires="expires_at", revoked_at=None)
    model = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    open_sessions = _existing(sessions, model, "session_key", expires="expire_date")

    def may_listen(each: Listener) -> bool:
        superuser, password = people.get(each.viewer.pk, (None, ""))
        if superuser is not each.viewer.is_superuser:
            return False
        if each.token:
            return each.token.pk in valid_tokens
        open_session = each.session_key is None or each.session_key in open_sessions
        return open_session and password == each.viewer.password

    return {each for each in listeners if may_listen(each)}


def _existing(keys: Collection[Any], model: Any, name: str, expires: str, **also: Any) -> set[Any]:
    if not keys:
        return set()
    alive = Q(**{f"{expires}__gt": timezone.now()}) | Q(**{expires: None})
    rows = model._base_manager.filter(alive, **{f"{name}__in": keys}, **also)
    return set(rows.values_list(name, flat=True))


def _sent(group: list[Listener], arrived: list[Event]) -> Iterator[tuple[Listener, str]]:
    """The events of `arrived` that each of `group` may see."""
    if not arrived:
        return
    keys = {event.pk for event in arrived}
    public = set(_seen_by(Nobody(), keys))
    texts = {event.pk: _text(event) for event in arrived}
    seen: dict[Hashable, set[int]] = {}
    for listener in group:
        who, viewer = listener.sees_as, listener.viewer
        if who not in seen:
            forget_roles(viewer)
            # What everybody may see was found; a token of one team does not see all of that.
            shown = set[int]() if only_team(viewer) else public
            rest = [event for event in arrived if event.pk not in shown]
            seen[who] = shown | _of_restricted(viewer, rest)
        listener.last = arrived[-1].pk
        if text := "".join(text for key, text in texts.items() if key in seen[who]):
            yield listener, text


def _of_restricted(viewer: User, events: list[Event]) -> set[int]:
    """Those of `events` that this person may see, most of whom may see none."""
    if not events or sees_all(viewer):
        return {event.pk for event in events}
    about = {event.incident_id for event in events}
    open_to = {*visible_incidents(viewer).filter(pk__in=about).values_list("pk", flat=True)}
    # Which of them lead to pages that this person may open is a query of some size.
    keys = [event.pk for event in events if event.incident_id in open_to]
    return set(_seen_by(viewer, keys)) if keys else set()


def _seen_by(viewer: Viewer, keys: Collection[int]) -> Iterable[int]:
    return visible_events(viewer).filter(pk__in=keys).values_list("pk", flat=True)


def _text(event: Event) -> str:
    data = json.dumps(EventSerializer(event).data, default=str)
    return f"id: {event.pk}\nevent: {event.kind}\ndata: {data}\n\n"
