"""Pages of the onboarding board and phases."""

from __future__ import annotations

from datetime import date

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from incidents.models import Service
from incidents.web.shortcuts import act_and_redirect, submitted_text
from people.permissions import require, requires
from practice import onboarding_board
from practice.models import Engagement, Phase
from practice.permissions import REVIEW_READINESS

MOST_CARDS = 50
"""Of a column: the most urgent ones."""


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    columns = onboarding_board.board(request.user)
    named = [("", gettext("Not begun")), *Phase.choices, ("done", pgettext("column", "Done"))]
    context = {
        "columns": [
            (key, name, columns[key][:MOST_CARDS], len(columns[key])) for key, name in named
        ],
        "most": MOST_CARDS,
        "suggested": onboarding_board.suggested(columns),
        "days": onboarding_board.PERIOD.days,
    }
    return render(request, "practice/onboarding/board.html", context)


@requires(REVIEW_READINESS, "POST")
@require_http_methods(["GET", "POST"])
def phases(request: HttpRequest, pk: int) -> HttpResponse:
    """The phases of one service, each with state, owner and evidence."""
    service = get_object_or_404(Service, pk=pk)
    if request.method == "POST":
        require(request.user, REVIEW_READINESS, service)
        owner = get_user_model().objects.filter(
            username=submitted_text(request, "owner"), is_active=True
        )
        return act_and_redirect(
            request,
            reverse("practice:phases", args=[pk]),
            lambda: onboarding_board.set_phase(
                service,
                submitted_text(request, "phase"),
                submitted_text(request, "state"),
                owner.first(),
                submitted_text(request, "evidence"),
                _date_in(submitted_text(request, "due_on")),
            ),
            _("Saved."),
        )
    engagements = {
        each.phase: each
        for each in service.engagements.select_related("owner", "announcement__service")
    }
    rows = [
        (phase, name, engagements.get(phase) or Engagement(service=service, phase=phase))
        for phase, name in Phase.choices
    ]
    people = get_user_model().objects.filter(is_active=True).order_by("username")
    context = {
        "service": service,
        "rows": rows,
        "states": Engagement.State.choices,
        "people": people,
    }
    return render(request, "practice/onboarding/phases.html", context)


def _date_in(text: str) -> date | None:
    """None for an empty text. Raises ValidationError."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if text.strip() and day is None:
        raise ValidationError({"due_on": _("Write the date as in 2026-12-09.")})
    return day
