"""Middleware: who a request is from, for the audit log, and what was refused to them."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.audit_log.refusals import record_refused_request
from accounts.web.middleware import Respond
from people.audit import Origin, acting

INTERFACES = {"/api/": "api", "/hooks/": "webhook", "/v2/": "webhook", "/chat/": "chat"}


def _interface(path: str) -> str:
    return next((name for start, name in INTERFACES.items() if path.startswith(start)), "page")


def _address(request: HttpRequest) -> str:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""


def origin_of(request: HttpRequest) -> Origin:
    """As far as it is known by now: the API reads its token after the middleware ran."""
    user = getattr(request, "user", None)
    return Origin(
        _interface(request.path),
        user if user is not None and user.is_authenticated else None,
        token_name=str(getattr(getattr(request, "auth", None), "name", "")),
        address=_address(request),
    )


def origin_middleware(get_response: Respond) -> Respond:
    def respond(request: HttpRequest) -> HttpResponse:
        with acting(lambda: origin_of(request)):
            response = get_response(request)
            if response.status_code in (401, 403):
                # Only now: what was written before the refusal may have been rolled back.
                record_refused_request(request, response.status_code)
            return response

    return respond
