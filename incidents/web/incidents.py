"""Pages of incidents; the business rules are in `incidents/filing.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.viewer import signed_in
from incidents import filing, sharing
from incidents.alerts.new_service import add_offered_service, offered_services
from incidents.models import Alert, Incident, Service, TimelineEntry, history_of
from incidents.permissions import (
    ADD_SERVICES,
    EDIT_INCIDENTS,
    FILE_INCIDENTS,
    MAKE_PRIVATE,
    visible_incidents,
)
from incidents.suspect_changes import candidate_changes, changes_that_do_not_count
from incidents.timeline import full_timeline, lines_of
from incidents.web.custom_fields import custom_context
from incidents.web.forms.incidents import EditForm, FilingForm
from incidents.web.responders import names_of_people, people_context
from incidents.web.shortcuts import (
    act_and_redirect,
    add_errors,
    get_incident,
    show_errors,
    submitted_key,
    submitted_text,
)
from incidents.web.status import further_steps
from people.models import Team
from people.permissions import requires

ENTRIES_SHOWN = 300
TIME_LABELS = {
    "impact_started_at": _("Impact started"), "detected_at": _("Detected"),
    "acknowledged_at": _("Acknowledged"), "mitigated_at": _("Mitigated"),
    "resolved_at": _("Resolved"),
}  # fmt: skip


@requires(FILE_INCIDENTS)
@require_http_methods(["GET", "POST"])
def file_new(request: HttpRequest) -> HttpResponse:
    initial = {"title": request.GET.get("title", "")}
    form = FilingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        custom, data = form.taken_custom_fields(), form.cleaned_data
        try:
            incident = filing.file_incident(
                title=data["title"],
                symptom=data["symptom"],
                severity=data["severity"],
                impact_started_at=data["impact_started_at"] or timezone.now(),
                private=data["private"],
                services=data["services"],
                reporter=signed_in(request),
                custom_fields=custom,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect(incident)
    return render(
        request,
        "incidents/incidents/new.html",
        {"form": form, "people": names_of_people() if form.names_people else []},
        status=422 if form.errors and request.method == "POST" else 200,
    )


@require_GET
def incident_page(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    services = incident.services.all()
    offers = offered_services(incident) if incident.is_open else []
    return render(
        request,
        "incidents/incidents/detail.html",
        {
            "incident": incident,
            "services": services,
            "merged_into": visible_incidents(request.user).filter(merged=incident).first(),
            "offers": offers,
            # With an offer and no other service there is nothing to choose from.
            "chooses_service": not services and not (offers and not Service.objects.exists()),
            "alerts": incident.alerts.select_related("service")[:20],
            **incident.alerts.aggregate(
                alert_count=Count("pk"),
                firing_count=Count("pk", filter=Q(status=Alert.Status.FIRING)),
            ),
            "changes": candidate_changes(incident),
            "not_counting": changes_that_do_not_count(incident),
            "steps": further_steps(incident),
            "severities": Incident.Severity.choices,
            **(_viewers_context(incident) if incident.private else {}),
            "times": [
                (label, getattr(incident, name), incident.guessed_times.get(name, ""))
                for name, label in TIME_LABELS.items()
            ],
            **people_context(incident, signed_in(request)),
            **custom_context(incident),
            **_timeline_context(incident),
        },
    )


def _viewers_context(incident: Incident) -> dict[str, Any]:
    return {
        "viewers": incident.viewers.order_by("username"),
        "viewer_teams": incident.viewer_teams.all(),
        "teams": Team.objects.values_list("name", flat=True)[:1000],
    }


def _timeline_context(
    incident: Incident, hidden: bool = False, until: TimelineEntry | None = None
) -> dict[str, Any]:
    entries = full_timeline(incident, hidden, ENTRIES_SHOWN, until)
    stored = [entry for entry in entries if entry.pk]
    earlier = {"until": stored[0].pk} if len(stored) >= ENTRIES_SHOWN else {}
    if earlier and hidden:
        earlier["hidden"] = 1
    page = reverse("incidents:timeline", args=[incident.pk])
    pinned = incident.timeline.filter(pinned=True)
    return {
        "lines": lines_of(incident, entries),
        "pinned": (pinned if hidden else pinned.filter(hidden=False))[:ENTRIES_SHOWN],
        "earlier_url": f"{page}?{urlencode(earlier)}" if earlier else "",
        "has_newer": until is not None,
        "hidden_count": incident.timeline.filter(hidden=True).count(),
        "show_hidden": hidden,
    }


@require_GET
def timeline(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    until = request.GET.get("until", "")
    context = {
        "incident": incident,
        **_timeline_context(
            incident,
            request.GET.get("hidden") == "1",
            incident.timeline.filter(pk=submitted_key(until)).first() if until else None,
        ),
    }
    return render(request, "incidents/timeline/_entries.html", context)


@requires(EDIT_INCIDENTS)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    names = [name for name in EditForm.base_fields if name not in ("services", "open_related")]
    initial: dict[str, Any] = {name: getattr(incident, name) for name in names}
    initial["services"] = incident.services.all()
    form = EditForm(request.POST or None, initial=initial, incident=incident)
    if request.method == "POST" and form.is_valid():
        custom, data = form.taken_custom_fields(), dict(form.cleaned_data)
        services = data.pop("services")
        try:
            filing.edit_incident(
                incident, signed_in(request), services=services, custom_fields=custom, **data
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(incident)
    context = {
        "form": form,
        "incident": incident,
        "history": history_of(incident)[:20],
        "people": names_of_people() if form.names_people else [],
    }
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, "incidents/incidents/edit.html", context, status=status)


@requires(MAKE_PRIVATE)
@require_POST
def change_viewers(request: HttpRequest, pk: str) -> HttpResponse:
    """Add a person or a team to a private incident, or take one off it."""
    incident = get_incident(request, pk)
    person, team = submitted_text(request, "person"), submitted_text(request, "team")
    change = sharing.remove_viewer if "remove" in request.POST else sharing.add_viewer

    def act() -> None:
        if not person.strip() and not team.strip():
            raise ValidationError({"person": _("Name a person or a team.")})
        if person.strip():
            change(incident, sharing.person_named(person), signed_in(request))
        if team.strip():
            change(incident, sharing.team_named(team), signed_in(request))

    return act_and_redirect(request, incident, act)


@requires(ADD_SERVICES)
@require_POST
def add_offered(request: HttpRequest, pk: str) -> HttpResponse:
    """Add the service that the incident's alerts suggest."""
    incident = get_incident(request, pk)
    try:
        service = add_offered_service(incident, submitted_text(request, "name"), signed_in(request))
    except ValidationError as error:
        show_errors(request, error)
        return redirect(incident)
    messages.success(
        request,
        format_lazy(
            _(
                "{service} is in the catalogue and linked. Its tier and kind are guesses: "
                "correct them on its page."
            ),
            service=service,
        ),
    )
    return redirect(incident)
