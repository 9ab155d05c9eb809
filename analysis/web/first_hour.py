"""The guide through the first hour, and its link on the home page while something is left."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analysis.presentation.first_hour import first_hour, may_set_up


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    steps = first_hour(request.user)
    following = next((step for step in steps if not step.done), None)
    context = {"steps": steps, "done": sum(step.done for step in steps), "following": following}
    return render(request, "analysis/first_hour/guide.html", context)


@require_GET
def link(request: HttpRequest) -> HttpResponse:
    """Empty for those who can do nothing about it, and when all is done."""
    steps = first_hour(request.user) if may_set_up(request.user) else []
    left = [step for step in steps if not step.done]
    context = {"left": left, "done": len(steps) - len(left), "count": len(steps)}
    return render(request, "analysis/first_hour/_link.html", context)
