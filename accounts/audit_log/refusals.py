"""Requests that were refused: for want of a right, or with a token that is none."""

from __future__ import annotations

from django.http import HttpRequest

from people import audit


def record_refused_request(request: HttpRequest, status: int) -> None:
    by = audit.origin()
    if by.interface == "webhook":
        return
    what = f"{request.method} {_what(request)}"
    if by.actor is not None:
        audit.record_refusal(what)
    elif status == 401 and "Authorization" in request.headers:
        audit.record_refusal(what, "token.refused")


def _what(request: HttpRequest) -> str:
    """The path, or the name of the page where its address may hold a secret."""
    match = request.resolver_match
    if match is None:
        return "unknown page"
    if all(isinstance(each, int) or str(each).isdigit() for each in match.kwargs.values()):
        return request.path[:200]
    return match.view_name
