"""Badges: small pictures for wikis and README files, which cannot sign in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from common import svg
from common.language import in_english
from incidents.catalogue.badge_keys import is_key_of
from incidents.models import Incident, Service
from incidents.permissions import Nobody, visible_incidents

CHARACTER, EDGE, HEIGHT = 7, 12, 20
"""Pixels of a letter, around the words, and of the badge."""
NAME_COLOUR, CALM, WARNING, ALARM = "#3b4252", "#1b6e3c", "#8a5a00", "#b3261e"


@login_not_required
@require_GET
@in_english()
def badge(request: HttpRequest, pk: int) -> HttpResponse:
    """How many public incidents of a service are open, and how severe the worst is."""
    service = get_object_or_404(Service, pk=pk)
    if not is_key_of(service, request.GET.get("key", "")):
        raise Http404("No such badge.")
    rows = visible_incidents(Nobody()).filter(services=service)
    opened = rows.exclude(status=Incident.Status.RESOLVED)
    severities = list(opened.values_list("severity", flat=True))
    worst = Incident.Severity.worst(severities)
    text = f"{len(severities)} open, {worst}" if worst else "no incident"
    picture = _drawing(service.name, text, worst)
    answer = HttpResponse(picture, content_type="image/svg+xml")
    answer["Cache-Control"] = "max-age=60"
    # Wikis show it on pages of their own.
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _drawing(name: str, text: str, worst: str) -> SafeString:
    """Two boxes beside each other; a file of its own, so with its colours."""
    left, right = (EDGE + CHARACTER * len(words) for words in (name, text))
    colour = {"": CALM, "SEV1": ALARM, "SEV2": ALARM}.get(worst, WARNING)
    label = f"{name}: {text}"
    return svg.element(
        "svg",
        svg.tooltip(label),
        svg.element("rect", width=left, height=HEIGHT, fill=NAME_COLOUR),
        svg.element("rect", x=left, width=right, height=HEIGHT, fill=colour),
        svg.element(
            "g",
            svg.text(name, EDGE // 2, 14),
            svg.text(text, left + EDGE // 2, 14),
            fill="#fff",
            font_family="Verdana,DejaVu Sans,sans-serif",
            font_size=11,
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=left + right,
        height=HEIGHT,
        role="img",
        aria_label=label,
    )
