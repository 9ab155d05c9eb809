"""Suggestions on the incident page and while an incident is being filed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analysis.models import EvidenceRequest
from analysis.presentation.evidence_panel import present_checks
from analysis.suggestions.accuracy import store_shown
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.types import SuggestedCause
from common.leased_jobs import PENDING
from incidents.custom_fields.values import fed_fields
from incidents.models import Service
from incidents.models.custom_field import LONGEST_TEXT
from incidents.web.shortcuts import get_incident, submitted_key
from kb.models import CauseLink


@require_GET
def match(request: HttpRequest) -> HttpResponse:
    """Likely duplicates and past causes while an incident is being filed."""
    title = request.GET.get("title", "").strip()[:300]
    if len(title) < 3:
        return render(request, "analysis/suggestions/_match.html", {"found": None})
    chosen = [submitted_key(text) for text in request.GET.getlist("services")]
    found = suggest_for_text(
        title,
        request.user,
        symptom=request.GET.get("symptom", "")[:20_000],
        services=Service.objects.filter(pk__in=chosen),
        limit=3,
        fields=[
            f"{label}\n{text[:LONGEST_TEXT]}"
            for name, label in fed_fields().values_list("name", "label")
            if (text := request.GET.get(name, "").replace("\x00", "").strip())
        ],
    )
    duplicates = [alike for alike in found.incidents if alike.duplicate]
    context = {"found": found, "duplicates": duplicates}
    return render(request, "analysis/suggestions/_match.html", context)


@require_GET
def suggestions(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    found = suggest_for_incident(subject, request.user)
    store_shown(subject, found)
    runs = present_checks(subject)
    links = subject.cause_links.filter(state=CauseLink.State.CONFIRMED).select_related("cause")
    confirmed = {link.cause_id: link.cause for link in links}
    context = {
        "incident": subject,
        "found": found,
        "confirmed": list(confirmed.values()),
        "chosen": [each for each in found.causes if each.cause.pk in confirmed],
        "others": _in_order([each for each in found.causes if each.cause.pk not in confirmed]),
        "pending": _pending(incident),
        "checks": runs,
        "checking": any(
            row.run and row.run.state in PENDING for rows in runs.values() for row in rows
        ),
    }
    return render(request, "analysis/suggestions/_list.html", context)


def _in_order(causes: list[SuggestedCause]) -> list[SuggestedCause]:
    """The first as ranked; those that are shown on a line each, by the figure beside them."""
    return [*causes[:1], *sorted(causes[1:], key=lambda each: -(each.confidence or 0))]


def _pending(incident: int) -> int:
    return EvidenceRequest.objects.filter(incident_id=incident, state__in=PENDING).count()
