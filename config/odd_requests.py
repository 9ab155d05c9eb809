"""Requests that no browser sends: answered with a sentence before any view sees them.

PostgreSQL stores no null character and refuses the whole query instead. A charset may name any
codec of Python, those that inflate among them. The API names the field (`incidents/api/base.py`).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

NULL = "\x00"
TOO_MUCH: dict[type[Exception], tuple[int, str]] = {
    RequestDataTooBig: (413, "The form is too large: it may have 5 MB, files not counted."),
    TooManyFieldsSent: (
        400,
        "It has too many fields: send up to 1,000 at once.",
    ),
    TooManyFilesSent: (400, "It has too many files: send up to 100 at once."),
}


def refused(status: int, title: str) -> HttpResponse:
    body = {"type": "about:blank", "status": status, "title": title}
    return JsonResponse(body, status=status, content_type="application/problem+json")


class OddRequests:
    """Middleware: drops null characters from forms and queries, refuses what cannot be read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NULL in request.path_info:
            return refused(400, "The address has a null character. Remove “%00” from it.")
        packed = request.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            return refused(415, "Send the body as it is, without Content-Encoding.")
        if not _is_utf_8(request):
            request.encoding = "utf-8"
            request.is_foreign = True  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, arguments: Any, options: Any
    ) -> HttpResponse | None:
        by_program = getattr(view, "csrf_exempt", False)
        # Senders of alerts name odd charsets for JSON, which is read by its bytes.
        if getattr(request, "is_foreign", False) and (not by_program or hasattr(view, "cls")):
            return refused(415, "Send it in UTF-8, and leave the charset out or say so.")
        # Programs call what needs no CSRF token; their bodies are read where they are checked.
        if not by_program:
            for name in ("GET", "POST"):
                given = getattr(request, name)
                if any(NULL in f"{key}{''.join(texts)}" for key, texts in given.lists()):
                    setattr(request, name, _cleaned(given))
        return None


def _is_utf_8(request: HttpRequest) -> bool:
    charset = (request.content_params or {}).get("charset", "utf-8")
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def _cleaned(given: QueryDict) -> QueryDict:
    cleaned = QueryDict(mutable=True, encoding=given.encoding)
    for name, texts in given.lists():
        cleaned.setlist(name.replace(NULL, ""), [text.replace(NULL, "") for text in texts])
    cleaned._mutable = False
    return cleaned


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refused: with the reason, where a person can do something about it."""
    status, reason = TOO_MUCH.get(type(exception), (400, "The request cannot be read."))
    if request.path.startswith("/api/"):
        return refused(status, reason)
    return render(request, "400.html", {"reason": reason}, status=status)
