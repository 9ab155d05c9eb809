"""Sessions of a person: how long they last, listed, and ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext

from incidents.push import devices

STARTED, SEEN = "started_at", "seen_at"
RECORDED_EVERY = 60.0
"""Seconds between two records of when a session was seen."""
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome"}
_SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows",
    "Mac OS X": "macOS", "Linux": "Linux",
}  # fmt: skip


def start(session: SessionBase) -> None:
    session[STARTED] = session[SEEN] = time.time()


def has_expired(session: SessionBase) -> bool:
    now = time.time()
    idle = now - float(session.get(SEEN, now))
    age = now - float(session.get(STARTED, now))
    return idle > settings.SESSION_IDLE_MINUTES * 60 or age > settings.SESSION_MAX_HOURS * 3600


def record_use(session: SessionBase) -> bool:
    """Record that somebody uses it, at most once a minute; whether it did so now."""
    now = time.time()
    if SEEN in session and now - float(session[SEEN]) < RECORDED_EVERY:
        return False
    session.setdefault(STARTED, now)
    session[SEEN] = now
    return True


@dataclass(frozen=True)
class Listed:
    pk: int
    device: str
    address: str
    started: datetime
    seen: datetime
    is_this: bool


def device_name(user_agent: str) -> str:
    """`Firefox on Linux` of what a browser says of itself."""
    browser = next((name for part, name in _BROWSERS.items() if part in user_agent), "")
    if not browser and "Safari/" in user_agent:
        browser = "Safari"
    system = next((name for part, name in _SYSTEMS.items() if part in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or gettext("Unknown device")


def sessions_of(user: User, current_key: str | None) -> list[Listed]:
    """The sessions that are open, last used first."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    listed = [
        Listed(
            each.pk, device_name(each.user_agent), each.ip, each.created_at, each.last_seen_at,
            each.session_key == current_key,
        )
        for each in found
    ]  # fmt: skip
    return sorted(listed, key=lambda each: each.seen, reverse=True)


def end_sessions(user: User, pk: int | None = None, keep: str | None = None) -> int:
    """End one session of a person, or all but the one with the key `keep`."""
    found = UserSession.objects.filter(user=user).exclude(session_key=keep or "")
    if pk is not None:
        found = found.filter(pk=pk)
    ended = list(found)
    for each in ended:
        each.end()
    devices.remove_with_sessions(user, [each.session_key for each in ended])
    if pk is None:
        # Those that were signed in with sessions which ended long ago, too.
        devices.remove_others(user, keep)
    return len(ended)


def seen_now(session_key: str) -> bool:
    """Record it in the list of sessions; False if the session is not listed yet."""
    found = UserSession.objects.filter(session_key=session_key)
    return bool(found.update(last_seen_at=timezone.now()))
