"""What the practice adds to the list of services, for all of its rows at once."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from incidents.models import Service
from incidents.web.shortcuts import submitted_key
from practice.models import Slo
from practice.readiness.reviews import last_reviews
from practice.slos.status import SloStatus, stored_status

MOST = 100
"""Services of one request: those of a page."""


@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """Error budget and readiness of `services`, keys with commas, for the cells of the list."""
    keys = [submitted_key(key) for key in request.GET.get("services", "").split(",")[:MOST]]
    services = list(Service.objects.filter(pk__in=keys))
    now, today = timezone.now(), timezone.now().date()
    objectives: defaultdict[int, list[SloStatus]] = defaultdict(list)
    for slo in Slo.objects.filter(service__in=services, enabled=True):
        objectives[slo.service_id].append(stored_status(slo, now))
    reviews = last_reviews(services)
    rows = [
        {
            "service": service,
            # Of several objectives the one that has the least left.
            "found": max(objectives[service.pk], key=lambda each: each.budget.share, default=None),
            "objectives": len(objectives[service.pk]),
            "review": (review := reviews.get(service.pk)),
            "holds": bool(review and review.expires_on and review.expires_on >= today),
        }
        for service in services
    ]
    return render(request, "practice/_service_figures.html", {"rows": rows})
