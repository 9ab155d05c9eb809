"""The panel of the home page: promised phases, open readiness reviews, decisions to review."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from incidents.home import Scope, scope_named
from people.models import Team
from people.permissions import teams_of
from practice.models import Engagement, ReadinessReview, Verdict
from practice.onboarding_board import FINISHED

SHOWN = 4
AHEAD = timedelta(days=7)
"""Of the day on which a phase is due."""


@require_GET
def due(request: HttpRequest) -> HttpResponse:
    """Nothing at all where nothing is due: the other panel says so."""
    scope = scope_named(request.GET.get("scope", ""))
    reviews = ReadinessReview.objects.filter(closed_at=None).select_related("service")
    today = timezone.now().date()
    verdicts = Verdict.objects.filter(review_on__lte=today)
    phases = Engagement.objects.filter(due_on__lte=today + AHEAD).exclude(state__in=FINISHED)
    teams = teams_of(request.user)
    if scope == Scope.TEAM:
        names = Team.objects.filter(pk__in=teams).values("name")
        reviews = reviews.filter(service__owner__in=teams)
        verdicts = verdicts.filter(team__in=names)
        phases = phases.filter(service__owner__in=teams)
    elif scope == Scope.MINE:
        reviews = reviews.filter(author=request.user.pk)
        verdicts = verdicts.filter(author=request.user.pk)
        phases = phases.filter(owner=request.user.pk)
    context = {
        "phases": phases.select_related("service", "owner").order_by("due_on", "pk")[:SHOWN],
        "reviews": reviews[:SHOWN],
        "verdicts": verdicts.select_related("practice")[:SHOWN],
    }
    return render(request, "practice/home/_due.html", context)
