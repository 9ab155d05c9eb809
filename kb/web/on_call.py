"""Panels on the pages of services and incidents: who is on call."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from incidents.models import Service
from incidents.web.shortcuts import get_incident
from kb.channels.listing import links_of
from kb.models import OnCall

MOST = 50


@require_GET
def of_service(request: HttpRequest, pk: int) -> HttpResponse:
    """Part of a service's page; empty where no pager knows the service."""
    service = get_object_or_404(Service, pk=pk)
    context = {"rows": OnCall.called_for([service])[:MOST], "several": False}
    return render(request, "kb/on_call/_panel.html", context)


@require_GET
def of_incident(request: HttpRequest, incident: int) -> HttpResponse:
    """Part of an incident's page: those who are called first for its services, and its channels."""
    row = get_incident(request, incident)
    rows = OnCall.called_for(row.services.all()).filter(level=1)
    context = {"rows": rows[:MOST], "several": True, "channels": links_of(row)}
    return render(request, "kb/on_call/_of_incident.html", context)
