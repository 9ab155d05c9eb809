"""The home page. Panels of other packages are loaded from their own addresses."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.home import SHOWN, Scope, latest_changes, open_incidents, scope_named

SCOPE = "home_scope"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The scope that was chosen last is used until another one is."""
    chosen = request.GET.get("scope", "")
    if chosen in Scope.values:
        request.session[SCOPE] = chosen
    scope = scope_named(chosen or request.session.get(SCOPE, ""))
    context = {
        "scope": scope,
        "scopes": Scope.choices,
        "changes": latest_changes(request.user, scope),
        **_open_context(request, scope),
    }
    return render(request, "incidents/home/home.html", context)


@require_GET
def still_open(request: HttpRequest) -> HttpResponse:
    """The open incidents alone, for a page that stays open."""
    scope = scope_named(request.GET.get("scope", ""))
    return render(request, "incidents/home/_open.html", _open_context(request, scope))


def _open_context(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    rows = open_incidents(request.user, scope)
    shown = list(rows[: SHOWN + 1])
    more = rows.count() - SHOWN if len(shown) > SHOWN else 0
    return {"scope": scope, "incidents": shown[:SHOWN], "more": more}
