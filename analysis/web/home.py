"""The likely causes on the home page."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.home import SHOWN, burning_incidents, scope_named
from incidents.models import Incident
from kb.answers import Answer, current_answer
from kb.permissions import visible_causes

CACHE_SECONDS = 30
"""A page that stays open reads them every minute, whoever has it open."""


@require_GET
def likely(request: HttpRequest) -> HttpResponse:
    """The current answer to each open incident that the page shows, put where it belongs."""
    scope = scope_named(request.GET.get("scope", ""))
    answers = [
        (incident.pk, _answer_to(incident))
        for incident in burning_incidents(request.user, scope)[:SHOWN]
    ]
    named = {answer.cause.pk for _, answer in answers if answer and answer.cause}
    visible = set(visible_causes(request.user).filter(pk__in=named).values_list("pk", flat=True))
    rows = [(key, answer) for key, answer in answers if _may_show(answer, visible)]
    return render(request, "analysis/home/_likely.html", {"rows": rows})


def _answer_to(incident: Incident) -> Answer | None:
    """The answer that everybody may see. It is the same for all, and computed for all once."""
    key = f"home-answer-{incident.pk}"
    found: tuple[Answer | None] | None = cache.get(key)
    if found is None:
        found = (current_answer(incident),)
        cache.set(key, found, CACHE_SECONDS)
    return found[0]


def _may_show(answer: Answer | None, visible: set[int]) -> bool:
    return answer is not None and (answer.cause is None or answer.cause.pk in visible)
