"""The practice's panel on a service's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from incidents.models import Service
from practice.announcements import announcing
from practice.permissions import visible_findings
from practice.readiness import reviews
from practice.slos.status import stored_status


@require_GET
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Part of a service's page: readiness, objectives, phases."""
    service = get_object_or_404(Service, pk=pk)
    now = timezone.now()
    last, valid = reviews.last_review(service)
    context = {
        "service": service,
        "coming": announcing.coming().filter(service=service)[:3],
        "last": last,
        "holds": valid,
        "open": service.reviews.filter(closed_at=None).first(),
        "standings": [stored_status(slo, now) for slo in service.slos.filter(enabled=True)],
        "findings": visible_findings(request.user).filter(service=service, closed_at=None).count(),
    }
    return render(request, "practice/_service_panel.html", context)
