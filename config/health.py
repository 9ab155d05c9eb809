"""Health checks for load balancers, containers and monitoring."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.readiness import checks, database_answers
from config.version import VERSION


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 with the version if the database answers, else 503. Without Redis, work only waits."""
    if not database_answers():
        return HttpResponse("the database does not answer\n", "text/plain", status=503)
    return HttpResponse(f"ok {VERSION}\n", "text/plain")


@login_not_required
def livez(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all: restart it when it does not."""
    return HttpResponse(f"ok {VERSION}\n", "text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """503 while pages and webhooks cannot be served; with `?strict=1` while anything is wrong.

    The body says what was checked and what does not work.
    """
    found = checks()
    wrong = [check for check in found if check.problem]
    unready = [check for check in wrong if not check.serves]
    status = "unready" if unready else "degraded" if wrong else "ready"
    refused = unready or (wrong and request.GET.get("strict") == "1")
    body = {
        "status": status,
        "version": VERSION,
        "checks": {check.name: check.problem or "ok" for check in found},
    }
    return JsonResponse(body, status=503 if refused else 200)
