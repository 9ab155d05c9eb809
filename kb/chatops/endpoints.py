"""The addresses that chat platforms post to: verify the request, and respond in time.

Platforms expect a response within seconds, however slow the database is. So workspaces are cached
in the process and answers are computed in a thread pool; what takes longer than INLINE_SECONDS is
acknowledged, and the answer is sent when it is there.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from common.process_cache import ProcessCache
from common.site_url import public_url
from incidents.intake.endpoints import body_of, headers_of, problem
from kb.chat import registry
from kb.chat.base import BadPayload, ChatAnswer, ChatEvent, ChatRequest, NotAuthentic, Platform
from kb.chatops import dispatch
from kb.chatops.outbound import NotSent, send
from kb.models import Workspace

logger = logging.getLogger(__name__)
MAX_BYTES = 256 * 1024
INLINE_SECONDS = 0.7
"""The time within which an answer is the response itself."""
WORKSPACE_CACHE_SECONDS = 60.0
REPLAY_MEMORY_SECONDS = 900
MAX_PENDING_ANSWERS = 64


@dataclass(frozen=True)
class CachedWorkspace:
    workspace: Workspace
    secrets: dict[str, str]


_workspaces: ProcessCache[str, CachedWorkspace] = ProcessCache(
    "chat workspaces", 500, max_age=WORKSPACE_CACHE_SECONDS
)
"""By slug. What it saves: a request is answered in time while the database is slow or away."""
_seen_events: ProcessCache[str, bool] = ProcessCache(
    "chat events without Redis", 20_000, max_age=REPLAY_MEMORY_SECONDS
)
_seen_events_lock = threading.Lock()
_pool = ThreadPoolExecutor(8, thread_name_prefix="chat")
_free_slots = threading.Semaphore(MAX_PENDING_ANSWERS)


def forget_workspace(slug: str) -> None:
    """Read the workspace again at its next request: its settings changed."""
    _workspaces.drop([slug])


def _load_workspace(slug: str) -> CachedWorkspace | None:
    try:
        row = Workspace.objects.filter(slug=slug, enabled=True).first()
        return CachedWorkspace(row, row.secrets) if row else None
    finally:
        connection.close()  # Threads of the pool may idle for hours.


def _find_workspace(slug: str, seconds: float) -> CachedWorkspace | None:
    """From the cache or the database; an expired entry serves while the database is slow.

    Raises NotInTime, and ValueError for secrets that cannot be read.
    """
    cached = _workspaces.peek(slug)
    if cached:
        return cached
    loading = _pool.submit(_load_workspace, slug)
    try:
        loaded = loading.result(seconds)
    except NotInTime:
        expired = _workspaces.peek(slug, even_if_old=True)
        if expired:
            return expired
        raise
    if loaded:
        _workspaces.store(slug, loaded)
    else:
        _workspaces.drop([slug])
    return loaded


def _is_first_time(key: str) -> bool:
    """Whether no event of this key came before; without Redis, each process has its own memory."""
    try:
        return bool(cache.add(f"chat:{key}", 1, REPLAY_MEMORY_SECONDS))
    except (RedisError, OSError):
        with _seen_events_lock:
            is_new = _seen_events.peek(key) is None
            _seen_events.store(key, True)
            return is_new


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    deadline = time.monotonic() + INLINE_SECONDS
    try:
        found = _find_workspace(slug, INLINE_SECONDS / 2)
    except NotInTime:
        return problem(503, "The database is slow; send it again.")
    except ValueError as error:
        logger.error("Chat workspace %s: %s", slug, error)
        return problem(503, "The secrets of this workspace cannot be read: enter them again.")
    plugin_class = registry().get(found.workspace.kind) if found else None
    if found is None or plugin_class is None:
        return problem(404, "No chat workspace has this address, or it is switched off.")
    body = body_of(request, MAX_BYTES)
    if body is None:
        return problem(413, "The body is over 256 KB.")
    plugin = plugin_class()
    chat_request = ChatRequest(
        headers_of(request), body, timezone.now(), found.secrets, found.workspace.settings
    )
    try:
        plugin.verify(chat_request)
        event = plugin.parse(chat_request)
    except NotAuthentic as error:
        return problem(401, str(error))
    except (BadPayload, UnicodeDecodeError) as error:
        return problem(400, str(error))
    if event.kind == "handshake":
        return JsonResponse(plugin.handshake_response(event))
    if event.kind == "ignore":
        return JsonResponse({})
    identity = f"{slug} {event.event_id}".encode() if event.event_id else body
    if not _is_first_time(hashlib.sha256(identity).hexdigest()):
        return JsonResponse({}) if event.is_retry else problem(401, "This is a replay.")
    return _respond(plugin, chat_request, found.workspace, event, deadline)


def _respond(
    plugin: Platform, request: ChatRequest, workspace: Workspace, event: ChatEvent, deadline: float
) -> HttpResponse:
    """The answer, if it is there by the deadline; else an acknowledgement, and the answer later."""
    own_address = f"{public_url()}/chat/{workspace.slug}/"
    event = plugin.prepare(event, request.secrets, own_address)
    if not _free_slots.acquire(blocking=False):
        return problem(503, "Too many requests at once; try again soon.")
    future = _pool.submit(_compute_answer, plugin, request, workspace, event)
    future.add_done_callback(lambda _: _free_slots.release())
    if event.answer_inline:
        try:
            answer = future.result(max(0.0, deadline - time.monotonic()))
            return JsonResponse(plugin.render(answer, event, public_url()))
        except NotInTime:
            pass
    # By way of the pool: where the answer is there already, a callback would run in this thread,
    # which must not wait for the platform.
    future.add_done_callback(
        lambda done: _pool.submit(_send_delayed_answer, plugin, request, workspace, event, done)
    )
    return JsonResponse(plugin.acknowledge(event))


def _compute_answer(
    plugin: Platform, request: ChatRequest, workspace: Workspace, event: ChatEvent
) -> ChatAnswer:
    try:
        if details_request := plugin.details_request(event, request.secrets):
            event = plugin.with_details(event, send(workspace, details_request))
        private = plugin.can_answer_privately
        answer = dispatch.answer_event(workspace, event, private).redacted()
        # Where the platform cannot answer privately, nothing was read that is not for everybody.
        return answer if private or event.private else replace(answer, private=False)
    except (NotSent, BadPayload) as error:
        return ChatAnswer(str(error))
    except Exception:
        logger.exception("A message from chat could not be answered.")
        return ChatAnswer("Something went wrong; it is in the log. Try again, or use the web page.")
    finally:
        connection.close()  # Threads of the pool may idle for hours.


def _send_delayed_answer(
    plugin: Platform,
    request: ChatRequest,
    workspace: Workspace,
    event: ChatEvent,
    done: Future[ChatAnswer],
) -> None:
    try:
        outbound = plugin.delayed_answer(done.result(), event, request, public_url())
        if outbound is not None:
            send(workspace, outbound)
    except NotSent as error:
        logger.warning("An answer could not be sent to %s: %s", workspace, error)
