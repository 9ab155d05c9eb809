"""How accurate suggestions were, month by month."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analysis.suggestions import accuracy
from analysis.suggestions.calibration_versions import active_fit, calibration


@require_GET
def scoreboard(request: HttpRequest) -> HttpResponse:
    """How accurate suggestions were, with every numerator and denominator."""
    scores = accuracy.scoreboard(request.user)
    context = {"scores": scores, "total": [scores.all], "learnt": calibration(active_fit())}
    return render(request, "analysis/suggestions/scoreboard.html", context)
