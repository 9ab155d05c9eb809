"""The panel of the home page: readiness reviews that are open, and decisions to review."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from incidents.home import Scope, scope_named
from people.models import Team
from people.permissions import teams_of
from practice.models import ReadinessReview, Verdict

SHOWN = 4


@require_GET
def due(request: HttpRequest) -> HttpResponse:
    """Nothing at all where nothing is due: the other panel says so."""
    scope = scope_named(request.GET.get("scope", ""))
    reviews = ReadinessReview.objects.filter(closed_at=None).select_related("service")
    verdicts = Verdict.objects.filter(review_on__lte=timezone.now().date())
    teams = teams_of(request.user)
    if scope == Scope.TEAM:
        names = Team.objects.filter(pk__in=teams).values("name")
        reviews = reviews.filter(service__owner__in=teams)
        verdicts = verdicts.filter(team__in=names)
    elif scope == Scope.MINE:
        reviews = reviews.filter(author=request.user.pk)
        verdicts = verdicts.filter(author=request.user.pk)
    context = {"reviews": reviews[:SHOWN], "verdicts": verdicts.select_related("practice")[:SHOWN]}
    return render(request, "practice/home/_due.html", context)
