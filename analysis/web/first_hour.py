"""The guide through the first hour, and its link on the home page while something is left."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analysis.presentation.first_hour import first_hour, may_set_up
from people.permissions import may


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    return render(request, "analysis/first_hour/guide.html", _context(request))


@require_GET
def steps(request: HttpRequest) -> HttpResponse:
    """The steps alone, for a page that stays open; nothing (204) if it shows them already."""
    context = _context(request)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "analysis/first_hour/_steps.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    found = first_hour(request.user)
    states = "\n".join(f"{step.done} {step.state}" for step in found)
    return {
        "steps": found,
        "offered": [step for step in found if step.act is None or may(request.user, step.act)],
        "done": sum(step.done for step in found),
        "following": next((step for step in found if not step.done), None),
        "seen": hashlib.sha256(states.encode()).hexdigest()[:16],
    }


@require_GET
def link(request: HttpRequest) -> HttpResponse:
    """Empty for those who can do nothing about it, and when all is done."""
    steps = first_hour(request.user) if may_set_up(request.user) else []
    left = [step for step in steps if not step.done]
    context = {"left": left, "done": len(steps) - len(left), "count": len(steps)}
    return render(request, "analysis/first_hour/_link.html", context)
