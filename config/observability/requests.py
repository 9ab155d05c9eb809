"""Middleware around everything: an id for each request, and how many requests took how long."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from common.counting import Counts, Durations
from common.log_context import logging_about

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+/-]{7,127}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
STATIC, NO_PAGE, OTHER = "static", "none", "other"
REQUESTS = Counts(
    "http_requests", "Requests by method, name of the route and class of the status.",
    ["method", "route", "status"],
)  # fmt: skip
SECONDS = Durations(
    "http_request_seconds", "How long a request took until its answer began.",
    ["method", "route"], [0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)  # fmt: skip


def observed(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def respond(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        request_id = _request_id(request)
        with logging_about(request_id=request_id):
            response = get_response(request)
        response.headers[HEADER] = request_id
        method, route = _method(request), _route(request)
        SECONDS.observe(time.perf_counter() - began, method, route)
        REQUESTS.add(method, route, f"{response.status_code // 100}xx")
        return response

    return respond


def _request_id(request: HttpRequest) -> str:
    """The one that a proxy gave, if it is an id: it is written into logs and into the answer."""
    # request.headers would first read all headers.
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if given and _WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else OTHER


def _route(request: HttpRequest) -> str:
    """Its name in the URLs, of which there are only so many; never what somebody typed."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or OTHER
    return (
        STATIC if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else NO_PAGE
    )
