"""Badges: small pictures for wikis and README files, which cannot sign in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from incidents.models import Incident, Service
from incidents.permissions import Nobody, visible_incidents

CHARACTER, EDGE = 7, 12
"""Pixels of a letter, and around the words."""


def badge_path(service: Service) -> str:
    """The address of a service's badge, with the key that opens it to whoever has it."""
    key = Signer(salt="badge").sign(str(service.pk)).partition(":")[2]
    return f"{reverse('incidents:badge', args=[service.pk])}?key={key}"


@login_not_required
@require_GET
def badge(request: HttpRequest, pk: int) -> HttpResponse:
    """How many public incidents of a service are open, and how severe the worst is."""
    try:
        Signer(salt="badge").unsign(f"{pk}:{request.GET.get('key', '')}")
    except BadSignature:
        raise Http404("No such badge.") from None
    service = get_object_or_404(Service, pk=pk)
    rows = visible_incidents(Nobody()).filter(services=service)
    opened = rows.exclude(status=Incident.Status.RESOLVED)
    severities = list(opened.values_list("severity", flat=True))
    worst = Incident.Severity.worst(severities)
    text = f"{len(severities)} open, {worst}" if worst else "no incident"
    left, right = (EDGE + CHARACTER * len(words) for words in (service.name, text))
    context = {
        "name": service.name, "text": text, "worst": worst,
        "left": left, "right": right, "width": left + right,
    }  # fmt: skip
    answer = render(request, "incidents/badge.svg", context, content_type="image/svg+xml")
    answer["Cache-Control"] = "max-age=60"
    return answer
