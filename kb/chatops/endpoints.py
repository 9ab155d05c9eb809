"""The addresses that chat platforms post to: prove, answer in time, or acknowledge and follow up.

Nothing here waits for the database: a workspace is remembered in the process, and the answer is
worked out in a thread. What takes longer than a moment is acknowledged and brought afterwards.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from common.site_url import public_address
from incidents.intake.endpoints import body_of, headers_of, problem
from kb.chat import registry
from kb.chat.base import Answer, BadPayload, Incoming, Platform, Refused, Said
from kb.chatops import commands
from kb.chatops.outbound import NotSent, send
from kb.chatops.redaction import redacted_answer
from kb.models import Workspace

logger = logging.getLogger(__name__)
MOST_BYTES = 256 * 1024
WAIT = 0.7
"""Seconds within which an answer goes out as such; after it, an acknowledgement does."""
REMEMBERED = 60.0
SEEN_FOR = 900
MOST_WAITING = 64


@dataclass
class _Known:
    workspace: Workspace
    secrets: dict[str, str]
    until: float


_known: dict[str, _Known] = {}
_seen: dict[str, float] = {}
_lock = threading.Lock()
_pool = ThreadPoolExecutor(8, thread_name_prefix="chat")
_waiting = threading.Semaphore(MOST_WAITING)


def forget(slug: str | None = None) -> None:
    """Read workspaces anew: one was edited here, or a test begins."""
    _known.clear() if slug is None else _known.pop(slug, None)
    _seen.clear()


def _load(slug: str) -> _Known | None:
    try:
        row = Workspace.objects.filter(slug=slug, enabled=True).first()
        return _Known(row, row.secrets, time.monotonic() + REMEMBERED) if row else None
    finally:
        connection.close()  # Threads of the pool may idle for hours.


def _workspace(slug: str, seconds: float) -> _Known | None:
    """From memory; a slow database only makes what is remembered older. Raises NotYet."""
    known = _known.get(slug)
    if known and known.until > time.monotonic():
        return known
    asked = _pool.submit(_load, slug)
    try:
        found = asked.result(seconds)
    except NotYet:
        if known:
            return known
        raise
    if found:
        _known[slug] = found
    else:
        _known.pop(slug, None)
    return found


def _first_time(key: str) -> bool:
    """Whether this was never seen before; without Redis each process remembers its own."""
    try:
        return bool(cache.add(f"chat:{key}", 1, SEEN_FOR))
    except (RedisError, OSError):
        now = time.monotonic()
        with _lock:
            for old in [each for each, at in _seen.items() if now - at > SEEN_FOR]:
                del _seen[old]
            return _seen.setdefault(key, now) == now


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    until = time.monotonic() + WAIT
    body = body_of(request, MOST_BYTES)
    if body is None:
        return problem(413, "The body is over 256 KB.")
    try:
        known = _workspace(slug, WAIT / 2)
    except NotYet:
        return problem(503, "The store is slow; send it again.")
    except ValueError as error:
        logger.error("Chat workspace %s: %s", slug, error)
        return problem(503, "The secrets of this workspace cannot be read: enter them again.")
    plugin_class = registry().get(known.workspace.kind) if known else None
    if known is None or plugin_class is None:
        return problem(404, "No chat workspace has this address, or it is switched off.")
    plugin = plugin_class()
    incoming = Incoming(
        headers_of(request), body, timezone.now(), known.secrets, known.workspace.settings
    )
    try:
        plugin.prove(incoming)
        said = plugin.read(incoming)
    except Refused as error:
        return problem(401, str(error))
    except (BadPayload, UnicodeDecodeError) as error:
        return problem(400, str(error))
    if said.kind == "hello":
        return JsonResponse(plugin.hello(said))
    if said.kind == "nothing":
        return JsonResponse({})
    key = hashlib.sha256(f"{slug} {said.once}".encode() if said.once else body).hexdigest()
    if not _first_time(key):
        return JsonResponse({}) if said.again else problem(401, "This came before: a replay.")
    return _respond(plugin, incoming, known, said, until)


def _respond(
    plugin: Platform, incoming: Incoming, known: _Known, said: Said, until: float
) -> HttpResponse:
    said = plugin.prepare(said, known.secrets, f"{public_address()}/chat/{known.workspace.slug}/")
    if not _waiting.acquire(blocking=False):
        return problem(503, "Too much is being asked; ask again soon.")
    future = _pool.submit(_work, plugin, incoming, known, said)
    future.add_done_callback(lambda _: _waiting.release())
    if said.inline:
        try:
            answer = future.result(max(0.0, until - time.monotonic()))
            return JsonResponse(plugin.show(answer, said, public_address()))
        except NotYet:
            pass
    # Handed to the pool: where the answer is there by now, this thread must not wait for the way.
    future.add_done_callback(
        lambda done: _pool.submit(_follow_up, plugin, incoming, known, said, done)
    )
    return JsonResponse(plugin.acknowledge(said))


def _work(plugin: Platform, incoming: Incoming, known: _Known, said: Said) -> Answer:
    try:
        if call := plugin.ask_more(said, known.secrets):
            said = plugin.with_more(said, send(known.workspace, call))
        whispers = plugin.whispers
        answer = redacted_answer(commands.respond(known.workspace, said, whispers))
        # Where the platform cannot whisper the words are for all, whatever the answer wanted.
        return answer if whispers or said.private else replace(answer, whisper=False)
    except (NotSent, BadPayload) as error:
        return Answer(str(error))
    except Exception:
        logger.exception("A message from chat could not be answered.")
        return Answer("Something went wrong here; it is in the log. Ask again, or use the page.")
    finally:
        connection.close()  # Threads of the pool may idle for hours.


def _follow_up(
    plugin: Platform, incoming: Incoming, known: _Known, said: Said, done: Future[Answer]
) -> None:
    """Bring the answer that was not there in time, from the thread that worked it out."""
    try:
        call = plugin.later(done.result(), said, incoming, public_address())
        if call is not None:
            send(known.workspace, call)
    except NotSent as error:
        logger.warning("An answer did not get to %s: %s", known.workspace, error)
