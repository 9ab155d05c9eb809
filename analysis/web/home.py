"""The likely causes on the home page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.home import SHOWN, open_incidents, scope_named
from incidents.models import Incident
from incidents.permissions import visible_incidents
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
        for incident in open_incidents(request.user, scope)[:SHOWN]
    ]
    # Who may see causes and past incidents may have changed since an answer was computed.
    causes = _visible(visible_causes(request.user), [each and each.cause for _, each in answers])
    past = _visible(
        visible_incidents(request.user), [each and each.fixed_in for _, each in answers]
    )
    rows = [
        (key, answer, answer.fixed_last_time if answer.fixed_in in past else "")
        for key, answer in answers
        if answer is not None and (answer.cause is None or answer.cause in causes)
    ]
    return render(request, "analysis/home/_likely.html", {"rows": rows})


def _visible(visible: QuerySet[Any], named: Iterable[Any]) -> set[Any]:
    return set(visible.filter(pk__in=[each.pk for each in named if each]))


def _answer_to(incident: Incident) -> Answer | None:
    """The answer that everybody may see. It is the same for all, and computed for all once."""
    key = f"home-answer-{incident.pk}-{incident.updated_at.timestamp()}"
    found: tuple[Answer | None] | None = cache.get(key)
    if found is None:
        found = (current_answer(incident),)
        cache.set(key, found, CACHE_SECONDS)
    return found[0]
