"""Panels of an incident (suggestions, evidence), matching while typing, and sources."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import evidence as pulling
from analysis import sources, tasks
from analysis.charts import as_png, standalone
from analysis.learning import active_fit, calibration
from analysis.models import Evidence, EvidenceRequest, Source
from analysis.presenting import (
    evidence_chart,
    present_beside,
    present_checks,
    present_evidence,
)
from analysis.scoreboard import remember_shown, score
from analysis.sources.base import SourceError
from analysis.suggestions import suggest_for_incident, suggest_for_text
from incidents.errands import PENDING
from incidents.models import Service
from incidents.views import get_incident, number_in

PROBE_DEADLINE = 5.0


@require_GET
def match(request: HttpRequest) -> HttpResponse:
    """Likely duplicates and past causes for a half-typed incident."""
    title = request.GET.get("title", "").strip()[:300]
    if len(title) < 3:
        return render(request, "analysis/suggestions/_match.html", {"found": None})
    chosen = [number_in(text) for text in request.GET.getlist("services")]
    found = suggest_for_text(
        title,
        request.user,
        symptom=request.GET.get("symptom", "")[:20_000],
        services=Service.objects.filter(pk__in=chosen),
        limit=3,
    )
    duplicates = [alike for alike in found.incidents if alike.duplicate]
    context = {"found": found, "duplicates": duplicates}
    return render(request, "analysis/suggestions/_match.html", context)


@require_GET
def suggestions(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    found = suggest_for_incident(subject, request.user)
    remember_shown(subject, found)
    runs = present_checks(subject)
    context = {
        "incident": subject,
        "found": found,
        "pending": _pending(incident),
        "checks": runs,
        "checking": any(
            row.run and row.run.state in PENDING for rows in runs.values() for row in rows
        ),
    }
    return render(request, "analysis/suggestions/_list.html", context)


def _pending(incident: int) -> int:
    return EvidenceRequest.objects.filter(incident_id=incident, state__in=PENDING).count()


@require_GET
def scoreboard(request: HttpRequest) -> HttpResponse:
    """How well suggestions fared, with every numerator and denominator."""
    scores = score(request.user)
    context = {"scores": scores, "total": [scores.all], "learnt": calibration(active_fit())}
    return render(request, "analysis/suggestions/scoreboard.html", context)


@require_GET
def evidence(request: HttpRequest, incident: int) -> HttpResponse:
    """The evidence panel; while pulls are under way it asks for itself again."""
    subject = get_incident(request, incident)
    context = present_evidence(subject)
    response = render(request, "analysis/evidence/_panel.html", context)
    seen = request.GET.get("seen")
    if seen is not None and seen != context["version"]:
        response["HX-Trigger-After-Swap"] = "evidence-arrived"
    return response


@require_POST
def pull_again(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    tasks.enqueue(pulling.pull_again(subject))
    return render(request, "analysis/evidence/_panel.html", present_evidence(subject))


@require_POST
def pull_also(request: HttpRequest, incident: int) -> HttpResponse:
    """Pull one more thing; “next time too” saves it for every alert of the same name."""
    subject = get_incident(request, incident)
    sent = {name: request.POST.get(name, "").strip() for name in ("what", "query", "unit", "alert")}
    source = Source.objects.filter(name=request.POST.get("source"), enabled=True).first()
    context: dict[str, Any] = {"asked": sent}
    try:
        if source is None:
            raise ValidationError({"source": "Choose one of the sources."})
        tasks.enqueue(pulling.pull_also(subject, source, **sent))
    except ValidationError as error:
        context["problems"] = error.message_dict
    context |= present_evidence(subject)
    return render(request, "analysis/evidence/_panel.html", context)


@require_GET
def chart_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The chart of one item as a picture of its own, for postmortems and chat."""
    item = get_object_or_404(Evidence.objects.select_related("service"), pk=pk)
    get_incident(request, item.incident_id)
    if item.kind != Evidence.Kind.SERIES:
        raise Http404("Log lines have no chart.")
    drawing = standalone(evidence_chart(item), str(item))
    if kind == "svg":
        return HttpResponse(drawing, content_type="image/svg+xml")
    return HttpResponse(as_png(drawing), content_type="image/png")


@require_GET
def beside(request: HttpRequest, incident: int, past: int) -> HttpResponse:
    """Then against now: the evidence of two incidents side by side, each from its own start."""
    now, then = get_incident(request, incident), get_incident(request, past)
    context = {"now": now, "then": then, "pairs": present_beside(now, then)}
    return render(request, "analysis/evidence/compare.html", context)


@require_GET
def evidence_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item of evidence in full, with what was asked and when."""
    item = get_object_or_404(Evidence.objects.select_related("request", "service"), pk=pk)
    subject = get_incident(request, item.incident_id)
    items = item.items()
    context = {
        "evidence": item,
        "incident": subject,
        "items": items[:2000],
        "count": len(items),
        "chart": evidence_chart(item) if item.kind == Evidence.Kind.SERIES else "",
    }
    return render(request, "analysis/evidence/detail.html", context)


@require_GET
def source_list(request: HttpRequest) -> HttpResponse:
    kinds = sources.registry()
    rows = [
        {"source": row, "title": kinds[row.kind].title if row.kind in kinds else row.kind}
        for row in Source.objects.all()
    ]
    return render(request, "analysis/sources/list.html", {"rows": rows, "kinds": kinds.values()})


@permission_required("analysis.change_source", raise_exception=True)
@require_http_methods(["GET", "POST"])
def source_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    """A plug-in's own settings form. Secrets left empty keep what is stored; none is shown."""
    source = get_object_or_404(Source, pk=pk) if pk else Source(kind=kind)
    plugin = sources.registry().get(source.kind)
    if plugin is None:
        raise Http404("No such kind of source.")
    initial: dict[str, Any] = {**source.settings} if source.pk else {}
    form = plugin.SettingsForm(request.POST or None, initial=initial)
    name = request.POST.get("source_name", source.name or plugin.kind).strip()[:100]
    enabled = (request.method != "POST" and source.enabled) or "enabled" in request.POST
    problem = ""
    if request.method == "POST":
        if not name or Source.objects.exclude(pk=source.pk).filter(name=name).exists():
            problem = "Give it a name that no other source has."
        if form.is_valid() and not problem:
            secret = getattr(form, "secret_fields", ())
            data = form.cleaned_data
            source.name, source.enabled = name, enabled
            source.settings = {key: data[key] for key in data if key not in secret}
            source.secrets = _kept_secrets(source, {key: data[key] for key in secret})
            source.save()
            messages.success(request, f"{source.name} is saved. Probe it to see if it answers.")
            return redirect("analysis:sources")
    context = {
        "form": form, "source": source, "plugin": plugin, "name": name, "enabled": enabled,
        "problem": problem, "stored": sorted(_stored_secrets(source)),
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/sources/form.html", context, status=status)


def _stored_secrets(source: Source) -> dict[str, str]:
    try:
        return source.secrets
    except ValueError:
        return {}


def _kept_secrets(source: Source, entered: dict[str, str]) -> dict[str, str]:
    kept = _stored_secrets(source) | {key: value for key, value in entered.items() if value}
    return {key: value for key, value in kept.items() if key in entered}


@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(Source, pk=pk)
    try:
        answer, well = pulling.plugin_of(source).probe(PROBE_DEADLINE), True
    except SourceError as error:
        answer, well = str(error), False
    return render(request, "analysis/sources/_probe_result.html", {"answer": answer, "well": well})
