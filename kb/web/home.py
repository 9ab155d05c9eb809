"""Panels of the home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.home import incidents_of, scope_named
from kb.reports import home
from kb.reports.knowledge_gaps import postmortems_due


@require_GET
def due(request: HttpRequest) -> HttpResponse:
    """Action items, postmortems due and requested reviews."""
    scope = scope_named(request.GET.get("scope", ""))
    context = {
        "scope": scope,
        "actions": home.due_actions(request.user, scope),
        "due": postmortems_due(request.user, home.SHOWN, incidents_of(request.user, scope)),
        "reviews": home.requested_reviews(request.user),
    }
    return render(request, "kb/home/_due.html", context)


@require_GET
def recurring(request: HttpRequest) -> HttpResponse:
    scope = scope_named(request.GET.get("scope", ""))
    rows = home.recurring_causes(request.user, scope)
    return render(request, "kb/home/_recurring.html", {"rows": rows})
