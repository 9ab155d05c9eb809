"""Write, edit and mark timeline entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from common.times import parse_time
from common.viewer import signed_in
from incidents import filing, timeline
from incidents.models import Incident, TimelineEntry
from incidents.permissions import EDIT_INCIDENTS
from incidents.web.shortcuts import act_and_redirect, get_incident, messages_of
from people.permissions import requires


def time_in_zone(text: str, zone: str) -> datetime:
    """Local time in a named zone, as UTC. Raises ValidationError."""
    if zone not in available_timezones():
        raise ValidationError({"zone": _("Choose a time zone such as Europe/Berlin or UTC.")})
    at = parse_time(text, ZoneInfo(zone))
    if at is None:
        raise ValidationError({"at": _("Write a time such as 2026-03-01 02:57.")})
    return at


def _at(request: HttpRequest) -> datetime | None:
    given = request.POST.get("at", "").strip()
    return time_in_zone(given, request.POST.get("zone", "") or "UTC") if given else None


@requires(EDIT_INCIDENTS)
@require_POST
def write(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    text = request.POST.get("text", "")
    return act_and_redirect(
        request, incident,
        lambda: filing.add_note(incident, text, signed_in(request), _at(request)),
    )  # fmt: skip


def _entry(incident: Incident, entry: int) -> TimelineEntry:
    return get_object_or_404(TimelineEntry, incident=incident, pk=entry)


@requires(EDIT_INCIDENTS)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: str, entry: int) -> HttpResponse:
    incident = get_incident(request, pk)
    row = _entry(incident, entry)
    context: dict[str, Any] = {"incident": incident, "entry": row, "text": row.text}
    if request.method == "POST":
        try:
            timeline.edit_entry(
                row, signed_in(request), text=request.POST.get("text", ""), at=_at(request)
            )
            return redirect(incident)
        except ValidationError as error:
            context |= {
                "problems": messages_of(request, error),
                "text": request.POST.get("text", ""),
            }
    status = 422 if context.get("problems") else 200
    return render(request, "incidents/timeline/entry_form.html", context, status=status)


@requires(EDIT_INCIDENTS)
@require_POST
def mark(request: HttpRequest, pk: str, entry: int) -> HttpResponse:
    incident = get_incident(request, pk)
    row = _entry(incident, entry)
    what = request.POST.get("what", "")
    return act_and_redirect(
        request, incident, lambda: timeline.mark_entry(row, signed_in(request), what)
    )
