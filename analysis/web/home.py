"""The likely causes on the home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.home import SHOWN, burning_incidents, scope_named
from kb.answers import Answer, current_answer
from kb.permissions import visible_causes


@require_GET
def likely(request: HttpRequest) -> HttpResponse:
    """The current answer to each open incident that the page shows, put where it belongs."""
    scope = scope_named(request.GET.get("scope", ""))
    answers = [
        (incident.pk, current_answer(incident))
        for incident in burning_incidents(request.user, scope)[:SHOWN]
    ]
    named = {answer.cause.pk for _, answer in answers if answer and answer.cause}
    visible = set(visible_causes(request.user).filter(pk__in=named).values_list("pk", flat=True))
    rows = [(key, answer) for key, answer in answers if _may_show(answer, visible)]
    return render(request, "analysis/home/_likely.html", {"rows": rows})


def _may_show(answer: Answer | None, visible: set[int]) -> bool:
    return answer is not None and (answer.cause is None or answer.cause.pk in visible)
