"""Merge and split from the incident page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.viewer import signed_in
from incidents import merging
from incidents.permissions import EDIT_INCIDENTS, visible_incidents
from incidents.search.filters import by_reference
from incidents.web.shortcuts import act_and_redirect, get_incident, submitted_key
from people.permissions import requires


@requires(EDIT_INCIDENTS)
@require_POST
def merge(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    into = by_reference(visible_incidents(request.user), request.POST.get("into", ""))
    if into is None:
        messages.error(request, _("Enter the incident that it is part of, such as INC-42."))
        return redirect(incident)
    return act_and_redirect(
        request, incident, lambda: merging.merge(into, incident, signed_in(request))
    )


@requires(EDIT_INCIDENTS)
@require_POST
def split(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    chosen = [submitted_key(text) for text in request.POST.getlist("alert")[:1000]]
    alerts = incident.alerts.filter(pk__in=chosen)
    return act_and_redirect(
        request, incident, lambda: merging.split(incident, alerts, signed_in(request))
    )
