"""The choice of services on the page of an incident that has none."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analysis.suggestions.engine import suggest_for_incident
from analysis.suggestions.service_guesses import guess_services
from analysis.suggestions.types import AlikeIncident
from incidents.models import Service
from incidents.permissions import EDIT_INCIDENTS
from incidents.web.shortcuts import get_incident
from people.permissions import requires


@requires(EDIT_INCIDENTS)
@require_GET
def service_guesses(request: HttpRequest, incident: int) -> HttpResponse:
    """Guesses as buttons, and all services to choose from."""
    subject = get_incident(request, incident)

    def similar() -> Iterator[AlikeIncident]:
        yield from suggest_for_incident(subject, request.user).incidents

    context = {
        "incident": subject,
        "guesses": guess_services(subject, similar(), request.user),
        "services": Service.objects.values_list("pk", "name"),
    }
    return render(request, "analysis/suggestions/_services.html", context)
