"""Status, severity and services of an incident, set with one click on its page."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.language import Text
from common.viewer import signed_in
from incidents import affected_services, filing
from incidents.models import Incident, Service
from incidents.permissions import EDIT_INCIDENTS
from incidents.undoing import restore_version
from incidents.web.shortcuts import get_incident, submitted_key, succeeds
from incidents.web.toasts import act_with_undo, show_toast, submitted_versions
from people.permissions import requires

Status = Incident.Status


@dataclass(frozen=True)
class Step:
    """A status that an incident can be moved to by a button."""

    status: str
    label: Text
    key: str


STEPS = (
    Step(Status.IDENTIFIED, _("Mark identified"), "i"),
    Step(Status.MITIGATED, _("Mark mitigated"), "m"),
)


def further_steps(incident: Incident) -> list[Step]:
    """The steps between the current status and resolved, the next one first."""
    order = list(Status.values)
    now = order.index(incident.status)
    return [step for step in STEPS if order.index(step.status) > now]


@requires(EDIT_INCIDENTS)
@require_POST
def change_status(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    status, resolution = request.POST.get("status", ""), request.POST.get("resolution", "")
    label = dict(Status.choices).get(status, status)
    return act_with_undo(
        request, incident,
        lambda: filing.set_status(incident, status, signed_in(request), resolution),
        format_lazy(_("Status is {status}."), status=label),
    )  # fmt: skip


@requires(EDIT_INCIDENTS)
@require_POST
def change_severity(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    severity = request.POST.get("severity", "")
    return act_with_undo(
        request, incident,
        lambda: filing.set_severity(incident, severity, signed_in(request)),
        format_lazy(_("Severity is {severity}."), severity=severity),
    )  # fmt: skip


@requires(EDIT_INCIDENTS)
@require_POST
def undo(request: HttpRequest, pk: str) -> HttpResponse:
    """Take back the last change of status, severity or times."""
    incident = get_incident(request, pk)
    before, after = submitted_versions(request)
    if succeeds(request, lambda: restore_version(incident, before, after, signed_in(request))):
        show_toast(request, _("Undone."))
    return redirect(incident)


@requires(EDIT_INCIDENTS)
@require_POST
def add_services(request: HttpRequest, pk: str) -> HttpResponse:
    """Add services to those that the incident has."""
    incident = get_incident(request, pk)
    chosen = [submitted_key(text) for text in request.POST.getlist("services")[:1000]]
    added = list(Service.objects.filter(pk__in=chosen))
    if not added:
        messages.error(request, _("Choose a service first."))
        return redirect(incident)
    if succeeds(
        request, lambda: affected_services.add_services(incident, added, signed_in(request))
    ):
        names = ", ".join(service.name for service in added)
        show_toast(
            request,
            format_lazy(_("Added {services}. Evidence will be pulled for it."), services=names),
        )
    return redirect(incident)
