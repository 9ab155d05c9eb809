"""Views of the sign-in library, imported when somebody first needs one.

Most processes never do, and the library brings XML and WebAuthn along.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

View = Callable[..., HttpResponse]


@lru_cache
def _load(path: str, template: str) -> View:
    found = import_string(path)
    if isinstance(found, type):
        as_view: Any = getattr(found, "as_view")  # noqa: B009
        return as_view(**({"template_name": template} if template else {}))  # type: ignore[no-any-return]
    return found  # type: ignore[no-any-return]


def _name_host(request: HttpRequest) -> None:
    """The library reads the header as it came, which old clients leave out."""
    request.META.setdefault("HTTP_HOST", request.get_host())


def lazy(path: str, template: str = "", *, anyone: bool = False) -> View:
    """A view of the library with a template of ours; `anyone`: also before signing in."""

    def view(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        _name_host(request)
        return _load(path, template)(request, *args, **options)

    view.login_required = not anyone  # type: ignore[attr-defined]
    return view


def lazy_departure(path: str) -> View:
    """A view that leads to the identity provider.

    By a page instead of a redirect: the Content-Security-Policy lets forms go to this site only,
    and browsers apply that to where a form's answer redirects.
    """

    def view(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        _name_host(request)
        response = _load(path, "")(request, *args, **options)
        target = response.headers.get("Location", "")
        if response.status_code == 302 and target.startswith(("https://", "http://")):
            return render(request, "accounts/departure.html", {"target": target})
        return response

    view.login_required = False  # type: ignore[attr-defined]
    return view


def posted_elsewhere(view: View) -> View:
    """Identity providers post to it, which cannot have our CSRF token."""
    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view
