"""Requests that no browser sends: answered with a sentence before any view sees them.

PostgreSQL stores no null character and refuses the whole query instead. A charset may name any
codec of Python, those that inflate among them. The API names the field (`incidents/api/base.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.loader import render_to_string

NULL = "\x00"
UTF_8 = ("utf-8", "utf8", "us-ascii")
FOREIGN = "causebook.foreign_charset"
_CHARSET = re.compile(r";[ \t]{0,9}charset\*?[ \t]{0,9}=([^;]*)", re.IGNORECASE)
TOO_MUCH: dict[type[Exception], tuple[int, str]] = {
    RequestDataTooBig: (413, "It is too large: send up to 5 MB at once, files not counted."),
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
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, arguments: Any, options: Any
    ) -> HttpResponse | None:
        by_program = getattr(view, "csrf_exempt", False)
        # Senders of alerts name odd charsets for JSON, which is read by its bytes.
        if FOREIGN in request.META and (not by_program or hasattr(view, "cls")):
            return refused(415, "Send it in UTF-8, and leave the charset out or say so.")
        # Programs call what needs no CSRF token; their bodies are read where they are checked.
        if not by_program:
            for name in ("GET", "POST"):
                given = getattr(request, name)
                if any(NULL in f"{key}{''.join(texts)}" for key, texts in given.lists()):
                    setattr(request, name, _cleaned(given))
        return None


def with_known_charset(application: Any) -> Any:
    """A WSGI application that sees no charset but UTF-8: Django decodes before any middleware."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        kind = environ.get("CONTENT_TYPE", "")
        named = _CHARSET.findall(kind)
        if named:
            environ["CONTENT_TYPE"] = _CHARSET.sub("", kind)
            if any(name.strip(' "').lower() not in UTF_8 for name in named):
                environ[FOREIGN] = True
        return application(environ, start_response)

    return serve


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
    # Without the request: to show who is signed in would read it again.
    return HttpResponse(render_to_string("400.html", {"reason": reason}), status=status)
