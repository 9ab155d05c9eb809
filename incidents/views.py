"""Pages of incidents and services: they parse and present; filing.py acts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Model, Q, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import filing
from incidents.badges import badge_path
from incidents.changes import candidate_changes
from incidents.forms import EditForm, FilingForm, ServiceForm
from incidents.models import Alert, Incident, SeenName, Service, history_of
from incidents.permissions import visible_incidents
from incidents.search import ORDERS, IncidentFilter, in_order
from incidents.seen import offered
from incidents.telling import lines_of, told_timeline

PAGE = 50


def get_incident(request: HttpRequest, pk: str | int) -> Incident:
    """The incident if the user may see it; otherwise it does not exist."""
    incident = visible_incidents(request.user).filter(pk=int(pk)).first()
    if incident is None:
        raise Http404("No such incident.")
    return incident


class FoundOnce(Paginator):  # type: ignore[type-arg]
    """Pages of a search that is run once: page and count come from the same query.

    A word that half of all incidents hold is too dear to look for twice. The plain list is not
    paged so: there the count would have to read every row that the index lets a page skip.
    """

    def get_page(self, number: str | None) -> Page[Incident]:  # type: ignore[override]
        given = number or ""
        asked = int(given) if re.fullmatch("[1-9][0-9]{0,5}", given) else 1
        start = (asked - 1) * self.per_page
        # The database counts before it drops rows that a join doubled.
        if self.object_list.query.distinct:  # type: ignore[union-attr]
            return super().get_page(number)
        rows = self.object_list.prefetch_related(None)  # type: ignore[union-attr]
        counted = rows.annotate(total=Window(Count("pk"))).values_list("pk", "total")
        found = list(counted[start : start + self.per_page])
        if not found:
            return super().get_page(number)
        self.count = found[0][1]
        return Page(in_order([key for key, _ in found]), asked, self)


@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    order = request.session.get("incident_order", "-impact_started_at")
    incidents = visible_incidents(request.user)
    chosen = IncidentFilter(request.GET, incidents)
    rows = chosen.qs if chosen.is_valid() else incidents.none()
    rows = rows.order_by(order, "-pk").prefetch_related("services", "causes")
    pages = FoundOnce if request.GET.get("q") else Paginator
    page = pages(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "page": page,
        "order": order,
        "orders": ORDERS,
        "statuses": Incident.Status.choices,
        "severities": Incident.Severity.values,
        "services": Service.objects.values_list("name", flat=True),
        "open_count": incidents.exclude(status=Incident.Status.RESOLVED).count(),
        "filtered": any(value for key, value in request.GET.items() if key != "page"),
    }
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "incidents/incidents/_results.html", context)
    return render(request, "incidents/incidents/list.html", context)


@require_POST
def save_order(request: HttpRequest) -> HttpResponse:
    """Remember how this person sorts the list."""
    if request.POST.get("order") in ORDERS:
        request.session["incident_order"] = request.POST["order"]
    return redirect("incidents:list")


@require_http_methods(["GET", "POST"])
def file_new(request: HttpRequest) -> HttpResponse:
    initial = {"title": request.GET.get("title", "")}
    form = FilingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services = set(data["services"]) | set(filing.services_named_in(data["title"]))
        now = timezone.now()
        try:
            incident = filing.file_incident(
                title=data["title"],
                symptom=data["symptom"],
                severity=data["severity"],
                impact_started_at=data["impact_started_at"] or now,
                detected_at=now if (data["impact_started_at"] or now) <= now else None,
                private=data["private"],
                services=services,
                reporter=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect(incident)
    return render(
        request,
        "incidents/incidents/new.html",
        {"form": form},
        status=422 if form.errors and request.method == "POST" else 200,
    )


def add_errors(form: Any, error: ValidationError) -> None:
    """Show a business rule's refusal at the field it names."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.error_dict.items():
        form.add_error(name if name in form.fields else None, problems)


@require_GET
def incident_page(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    return render(
        request,
        "incidents/incidents/detail.html",
        {
            "incident": incident,
            "services": incident.services.all(),
            "merged_into": visible_incidents(request.user)
            .filter(pk=incident.merged_into_id)
            .first(),
            "alerts": incident.alerts.select_related("service")[:20],
            **incident.alerts.aggregate(
                alert_count=Count("pk"),
                firing_count=Count("pk", filter=Q(status=Alert.Status.FIRING)),
            ),
            "changes": candidate_changes(incident),
            "statuses": Incident.Status.choices,
            "severities": Incident.Severity.choices,
            "times": [
                ("Impact started", incident.impact_started_at),
                ("Detected", incident.detected_at),
                ("Acknowledged", incident.acknowledged_at),
                ("Mitigated", incident.mitigated_at),
                ("Resolved", incident.resolved_at),
            ],
            **_timeline(incident),
        },
    )


def _timeline(incident: Incident, hidden: bool = False) -> dict[str, Any]:
    entries = told_timeline(incident, hidden)
    return {
        "lines": lines_of(incident, entries),
        "pinned": [entry for entry in entries if entry.pinned and entry.pk],
        "hidden_count": incident.timeline.filter(hidden=True).count(),
        "show_hidden": hidden,
    }


@require_GET
def timeline(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    context = {"incident": incident, **_timeline(incident, request.GET.get("hidden") == "1")}
    return render(request, "incidents/timeline/_entries.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    names = [name for name in EditForm().fields if name != "services"]
    initial = {name: getattr(incident, name) for name in names}
    initial["services"] = incident.services.all()
    form = EditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        services = data.pop("services")
        try:
            filing.edit_incident(incident, request.user, services=services, **data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect(incident)
    context = {"form": form, "incident": incident, "history": history_of(incident)[:20]}
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, "incidents/incidents/edit.html", context, status=status)


def tell(request: HttpRequest, error: ValidationError) -> None:
    """Why something was refused, as messages."""
    for message in error.messages:
        messages.error(request, message)


def act(
    request: HttpRequest, target: Model | str, doing: Callable[[], Any], done: str = ""
) -> HttpResponse:
    """Run an act on `target`, a record or an address, and go there.

    Where it made another record of that kind, go to that one. What was done, or why it was refused,
    is told as a message.
    """
    try:
        made = doing()
    except ValidationError as error:
        tell(request, error)
        return redirect(target)
    if done:
        messages.success(request, done)
    went_on = isinstance(target, Model) and isinstance(made, type(target))
    return redirect(made if went_on else target)


def number_in(text: str) -> int:
    """A key that a form sent; 0, which no record has, where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_POST
def change_status(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    status, resolution = request.POST.get("status", ""), request.POST.get("resolution", "")
    return act(
        request, incident, lambda: filing.set_status(incident, status, request.user, resolution)
    )


@require_POST
def change_severity(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    severity = request.POST.get("severity", "")
    return act(request, incident, lambda: filing.set_severity(incident, severity, request.user))


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    # Counted from the link table: joined to Service, every incident would have to be told apart.
    is_open = ~Q(incident__status=Incident.Status.RESOLVED)
    figures = (
        Incident.services.through.objects.filter(incident__in=visible_incidents(request.user))
        .values("service_id")
        .annotate(
            incident_count=Count("pk"),
            open_count=Count("pk", filter=is_open),
            last_incident=Max("incident__impact_started_at"),
        )
    )
    of = {each["service_id"]: each for each in figures}
    none = {"incident_count": 0, "open_count": 0, "last_incident": None}
    rows = [(service, of.get(service.pk, none)) for service in Service.objects.all()]
    seen = offered()[:30]
    return render(request, "incidents/services/list.html", {"rows": rows, "seen": seen})


@require_GET
def service_page(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    incidents = visible_incidents(request.user).filter(services=service)
    context = {
        "service": service,
        "depends_on": service.depends_on.all(),
        "needed_by": service.needed_by.all(),
        "incidents": incidents.prefetch_related("services", "causes")[:30],
        "incident_count": incidents.count(),
        "changes": service.changes.all()[:15],
        "badge": badge_path(service),
    }
    return render(request, "incidents/services/detail.html", context)


@permission_required("incidents.add_service", raise_exception=True)
@require_POST
def seen_ignore(request: HttpRequest, pk: int) -> HttpResponse:
    """No service: a job, a host or a test."""
    SeenName.objects.filter(pk=pk).update(ignored=True)
    return redirect("incidents:services")


@require_http_methods(["GET", "POST"])
def service_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk) if pk else None
    initial = {"name": request.GET.get("name", "")[:100]}
    form = ServiceForm(request.POST or None, instance=service, initial=initial if not pk else None)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"form": form, "service": service}
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, "incidents/services/form.html", context, status=status)
