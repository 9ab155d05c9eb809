"""The URLs that senders post to: check, store, respond. A worker processes the delivery."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.counting import Counts
from common.log_context import logging_about
from common.payloads import BadPayload, text
from common.signing import NotAuthentic
from incidents.intake import receiving
from incidents.webhooks.base import Incoming
from incidents.webhooks.events_v2 import dedup_key

logger = logging.getLogger(__name__)
RETRY_AFTER = "10"
RECEIVED = Counts(
    "webhooks", "Requests of senders, by kind of sender and what they were answered.",
    ["sender", "outcome"],
)  # fmt: skip
OUTCOMES = {
    202: "stored", 400: "unreadable", 401: "refused", 404: "unknown", 413: "too_large",
}  # fmt: skip
UNKNOWN, UNAVAILABLE = "unknown", "unavailable"


class _Sender:
    """Whom a request is from, as soon as that is known."""

    kind = UNKNOWN


def problem(status: int, title: str, **headers: str) -> HttpResponse:
    body = {"type": "about:blank", "status": status, "title": title}
    return JsonResponse(
        body, status=status, content_type="application/problem+json", headers=headers
    )


def headers_of(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def body_of(request: HttpRequest, max_bytes: int = receiving.MAX_BYTES) -> bytes | None:
    """The raw body, or None when it is too large."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > max_bytes:
        return None
    body = request.read(max_bytes + 1)
    return None if len(body) > max_bytes else body


def _respond(handle: Callable[[_Sender], HttpResponse]) -> HttpResponse:
    """Run `handle`, and count what became of the request."""
    sender = _Sender()
    response = _answer(handle, sender)
    RECEIVED.add(sender.kind, OUTCOMES.get(response.status_code, UNAVAILABLE))
    return response


def _answer(handle: Callable[[_Sender], HttpResponse], sender: _Sender) -> HttpResponse:
    """Run `handle`; a bad request becomes a 4xx, which no retry fixes, an outage of ours a 503."""
    try:
        return handle(sender)
    except receiving.UnknownIntegration:
        return problem(404, "No integration has this address, or it is switched off.")
    except NotAuthentic as error:
        return problem(401, str(error))
    except BadPayload as error:
        return problem(400, str(error))
    except (OperationalError, InterfaceError) as error:
        logger.warning("A delivery was rejected, the database is down: %s", error)
        return problem(503, "The database is down; send it again.", **{"Retry-After": RETRY_AFTER})
    except ValueError as error:
        logger.error("A secret of an integration cannot be read: %s", error)
        return problem(503, "A secret cannot be read here.", **{"Retry-After": RETRY_AFTER})


TOO_LARGE = f"The body is over {receiving.MAX_BYTES // 1024**2} MB. Send fewer alerts at once."


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str, key: str = "") -> HttpResponse:
    def handle(sender: _Sender) -> HttpResponse:
        # Who posts to no address of ours has nothing of it read.
        integration, secrets = receiving.find_integration(slug)
        sender.kind = integration.kind
        body = body_of(request)
        if body is None:
            return problem(413, TOO_LARGE)
        delivery_id = receiving.receive_delivery(
            integration, secrets, headers_of(request), body, key
        )
        with logging_about(delivery_id=delivery_id):
            logger.debug("Stored a delivery of %s.", integration.kind)
        return JsonResponse({"status": "stored", "delivery": delivery_id}, status=202)

    return _respond(handle)


@login_not_required
@csrf_exempt
@require_POST
def enqueue(request: HttpRequest) -> HttpResponse:
    """Events API v2 and its change events: the routing key in the body is the secret."""

    def handle(sender: _Sender) -> HttpResponse:
        body = body_of(request)
        if body is None:
            return problem(413, TOO_LARGE)
        incoming = Incoming(headers_of(request), body, timezone.now())
        data: Any = incoming.json()
        key = text(data, "routing_key", 200)
        if not key:
            return _events_problem(["“routing_key” is missing"])
        if text(data, "event_action") and not (
            text(data, "payload.summary") or text(data, "dedup_key")
        ):
            return _events_problem(["“payload.summary” or “dedup_key” is missing"])
        integration, secrets = receiving.find_by_secret("events_v2", key)
        sender.kind = integration.kind
        headers = {**headers_of(request), "x-causebook-token": key}
        # The stored body must not contain the secret.
        data["routing_key"] = "[redacted]"
        data.setdefault("dedup_key", dedup_key(incoming))
        receiving.receive_delivery(integration, secrets, headers, json.dumps(data).encode())
        response = {"status": "success", "message": "Event processed"}
        return JsonResponse({**response, "dedup_key": data["dedup_key"]}, status=202)

    return _respond(handle)


def _events_problem(errors: list[str]) -> HttpResponse:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return JsonResponse(body, status=400)
