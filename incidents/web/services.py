"""Pages of services."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.sparkline import sparkline
from common.viewer import signed_in
from incidents.catalogue.badge_keys import badge_path, renew_badge
from incidents.catalogue.incident_counts import IncidentCounts, firing_alerts, incident_counts
from incidents.catalogue.services import save_service
from incidents.catalogue.unknown_services import ignore_name, offered_services
from incidents.custom_fields.values import BelongsTo, listed_fields, values_of
from incidents.models import Service
from incidents.permissions import ADD_SERVICES, EDIT_SERVICES, visible_incidents
from incidents.search.columns import USUAL
from incidents.search.filters import ServiceFieldFilters
from incidents.search.row_causes import rows_of
from incidents.web.forms.custom_fields import field_filters
from incidents.web.forms.services import ServiceForm
from incidents.web.responders import names_of_people
from incidents.web.shortcuts import add_errors
from people.permissions import requires


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:100]
    services = Service.objects.select_related("owner")
    if words:
        services = services.filter(Q(name__icontains=words) | Q(owner__name__icontains=words))
    chosen = ServiceFieldFilters(request.GET, services)
    services = chosen.qs if chosen.is_valid() else services.none()
    page = Paginator(services, 100).get_page(request.GET.get("page"))
    counts = incident_counts(request.user, list(page))
    firing = firing_alerts(request.user, list(page))
    offered = offered_services()
    context = {
        "rows": [
            _list_row(service, counts.get(service.pk), firing.get(service.pk, 0))
            for service in page
        ],
        "keys": ",".join(str(service.pk) for service in page),
        "page": page,
        "q": words,
        "seen": offered[:30],
        "seen_count": offered.count(),
        "filter": chosen,
        "field_filters": field_filters(listed_fields(BelongsTo.SERVICES), request.GET),
    }
    return render(request, "incidents/services/list.html", context)


def _list_row(service: Service, counts: IncidentCounts | None, firing: int) -> dict[str, Any]:
    row = {"service": service, "firing": firing}
    if counts is None:
        return {**row, "counts": IncidentCounts(), "sparkline": ""}
    return {**row, "counts": counts, "sparkline": sparkline(counts.by_week, counts.in_words)}


@require_GET
def service_page(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    incidents = visible_incidents(request.user).filter(services=service)
    listed = incidents.select_related("owner")
    every = request.GET.get("changes") == "all"
    changes = service.changes.all()
    context = {
        "service": service,
        "all_changes": every,
        "left_out": changes.filter(counts=False).count(),
        "depends_on": service.depends_on.all(),
        "needed_by": service.needed_by.all(),
        "rows": rows_of(list(listed.prefetch_related("services")[:30]), request.user),
        "columns": [name for name in USUAL if name != "owner"],
        "incident_count": incidents.count(),
        "changes": (changes if every else changes.counting())[:15],
        "badge": badge_path(service),
        "custom_values": values_of(service),
    }
    return render(request, "incidents/services/detail.html", context)


@requires(ADD_SERVICES)
@require_POST
def seen_ignore(request: HttpRequest, pk: int) -> HttpResponse:
    """Ignore a name that is no service: a job, a host or a test."""
    ignore_name(pk)
    return redirect("incidents:services")


@requires(EDIT_SERVICES)
@require_http_methods(["GET", "POST"])
def service_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk) if pk else None
    initial = {
        "name": request.GET.get("name", "")[:100],
        "telemetry_labels": request.GET.get("telemetry_labels", "")[:500],
    }
    form = ServiceForm(request.POST or None, instance=service, initial=initial if not pk else None)
    if request.method == "POST" and form.is_valid():
        # The form has changed its own instance: rules compare with what is stored.
        stored = Service.objects.get(pk=pk) if pk else Service()
        custom, author = form.taken_custom_fields(), signed_in(request)
        try:
            return redirect(save_service(stored, author, custom_fields=custom, **form.cleaned_data))
        except ValidationError as error:
            add_errors(form, error)
    people = names_of_people() if form.names_people else []
    context = {"form": form, "service": service, "people": people}
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, "incidents/services/form.html", context, status=status)


@requires(EDIT_SERVICES)
@require_POST
def badge_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the badge another address, which ends the one that was given out."""
    service = get_object_or_404(Service, pk=pk)
    renew_badge(service, signed_in(request))
    messages.success(request, _("The badge has a new address; the former one shows nothing."))
    return redirect(service)
