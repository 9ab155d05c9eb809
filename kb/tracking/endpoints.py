"""The addresses that trackers post to: an issue changed, so a worker reads it soon."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.payloads import BadPayload
from common.signing import NotAuthentic, SignedRequest
from incidents.intake.endpoints import RETRY_AFTER, body_of, headers_of, problem
from kb.models import TrackedIssue, Tracker
from kb.remote_api import RemoteError
from kb.tracking.linking import plugin_of

logger = logging.getLogger(__name__)
MAX_BYTES = 4 * 1024 * 1024
MOST_ISSUES = 100


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        tracker = Tracker.objects.filter(slug=slug, enabled=True).first()
        if tracker is None:
            return problem(404, "No tracker has this address, or it is switched off.")
        body = body_of(request, MAX_BYTES)
        if body is None:
            return problem(413, f"The body is over {MAX_BYTES // 1024**2} MB.")
        return _take(tracker, SignedRequest(headers_of(request), body, timezone.now()))
    except (OperationalError, InterfaceError) as error:
        logger.warning("A webhook was rejected, the database is down: %s", error)
        return problem(503, "The database is down; send it again.", **{"Retry-After": RETRY_AFTER})


def _take(tracker: Tracker, request: SignedRequest) -> HttpResponse:
    try:
        plugin = plugin_of(tracker)
        plugin.verify(request, plugin.settings.get("webhook_secret", ""))
        ids = plugin.changed_ids(request.headers, request.body)
    except RemoteError as error:
        logger.error("Tracker %s: %s", tracker.pk, error)
        return problem(503, "The settings of this tracker cannot be used.")
    except NotAuthentic as error:
        return problem(401, str(error))
    except BadPayload as error:
        return problem(400, str(error))
    rows = TrackedIssue.objects.filter(tracker=tracker, issue_id__in=list(ids)[:MOST_ISSUES])
    rows.request()
    return JsonResponse({"status": "stored"}, status=202)
