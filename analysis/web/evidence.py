"""Evidence on the incident page and on a page of its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from analysis import tasks
from analysis.evidence import following, planning
from analysis.models import Evidence, Source
from analysis.permissions import PULL_BY_QUERY, PULL_EVIDENCE
from analysis.presentation.charts import as_png, standalone
from analysis.presentation.evidence_chart import compare_evidence, evidence_chart
from analysis.presentation.evidence_panel import present_evidence
from analysis.presentation.log_comparison import compare_log_lines
from analysis.presentation.trace_links import TraceLinks
from analysis.presentation.trace_view import calls_table, example_traces
from common.language import in_english
from common.promql import threshold_words
from incidents.web.shortcuts import get_incident
from people.permissions import requires

MAX_LINES_SHOWN = 2000


@require_GET
def evidence(request: HttpRequest, incident: int) -> HttpResponse:
    """The evidence panel, which reloads itself; an empty answer while nothing is new."""
    subject = get_incident(request, incident)
    context = present_evidence(subject)
    seen = request.GET.get("seen")
    if seen == context["version"]:
        return HttpResponse(status=204)
    context["reloading"] = seen is not None
    response = render(request, "analysis/evidence/_panel.html", context)
    if seen is not None:
        response["HX-Trigger-After-Swap"] = "evidence-arrived"
    return response


@requires(PULL_EVIDENCE)
@require_POST
def pull_again(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    tasks.enqueue(following.pull_again(subject))
    return render(request, "analysis/evidence/_panel.html", present_evidence(subject))


@requires(PULL_BY_QUERY)
@require_POST
def pull_also(request: HttpRequest, incident: int) -> HttpResponse:
    """Pull one more thing; “next time too” saves it for every alert of the same name."""
    subject = get_incident(request, incident)
    entered = {
        name: request.POST.get(name, "").strip() for name in ("what", "query", "unit", "alert")
    }
    source = Source.objects.filter(name=request.POST.get("source"), enabled=True).first()
    context: dict[str, Any] = {"entered": entered}
    try:
        if source is None:
            raise ValidationError({"source": _("Choose one of the sources.")})
        tasks.enqueue(planning.pull_also(subject, source, request.user, **entered))
    except ValidationError as error:
        context["problems"] = error
    context |= present_evidence(subject)
    return render(request, "analysis/evidence/_panel.html", context)


@require_GET
@in_english()
def chart_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The chart of one item as an image file, for postmortems and chat."""
    item = get_object_or_404(Evidence.objects.select_related("service"), pk=pk)
    get_incident(request, item.incident_id)
    if item.kind != Evidence.Kind.SERIES:
        raise Http404("Log lines have no chart.")
    drawing = standalone(evidence_chart(item), str(item))
    if kind == "svg":
        return HttpResponse(drawing, content_type="image/svg+xml")
    return HttpResponse(as_png(drawing), content_type="image/png")


@require_GET
def compare(request: HttpRequest, incident: int, past: int) -> HttpResponse:
    """Then against now: the evidence of two incidents side by side, each from its own start."""
    now, then = get_incident(request, incident), get_incident(request, past)
    context = {
        "now": now,
        "then": then,
        "pairs": compare_evidence(now, then),
        "logs": compare_log_lines(now, then),
    }
    return render(request, "analysis/evidence/compare.html", context)


@require_GET
def evidence_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item of evidence in full, with its query and times."""
    item = get_object_or_404(Evidence.objects.select_related("request", "service"), pk=pk)
    subject = get_incident(request, item.incident_id)
    items = item.items()
    traces = items if item.kind == Evidence.Kind.TRACES else []
    links = TraceLinks(subject)
    lines = items[:MAX_LINES_SHOWN] if item.kind == Evidence.Kind.LINES else []
    context = {
        "evidence": item,
        "fires_at": threshold_words(item.request.threshold),
        "incident": subject,
        "lines": [
            (links.linked(each["text"]), links.of_labels(each.get("labels") or {}))
            for each in lines
        ],
        "count": len(items),
        "examples": example_traces(item, traces),
        # A few examples say nothing of how often calls failed.
        "calls": [] if item.thinned_at else calls_table(item, traces),
        "findings": item.findings.all(),
        "chart": evidence_chart(item) if item.kind == Evidence.Kind.SERIES else "",
    }
    return render(request, "analysis/evidence/detail.html", context)
