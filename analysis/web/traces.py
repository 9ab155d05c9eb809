"""A frozen trace on a page of its own."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from analysis.evidence.source_plugins import plugin_of
from analysis.models import Evidence
from analysis.presentation.trace_view import example_traces, shown_trace
from analysis.sources.base import SourceError
from incidents.web.shortcuts import get_incident


@require_GET
def trace_page(request: HttpRequest, pk: int, trace: str) -> HttpResponse:
    """One trace of an item of evidence as a waterfall and as a table."""
    row = get_object_or_404(
        Evidence.objects.select_related("request__source", "service"),
        pk=pk,
        kind=Evidence.Kind.TRACES,
    )
    incident = get_incident(request, row.incident_id)
    items = row.items()
    item = next((each for each in items if each["id"] == trace), None)
    if item is None:
        raise Http404("No such trace is stored.")
    shown = shown_trace(row, item)
    context = {
        "incident": incident,
        "evidence": row,
        "trace": shown,
        "trace_id": trace,
        "page": _page_at_source(row, trace),
        "others": [each for each in example_traces(row, items) if each.path != shown.path],
    }
    return render(request, "analysis/traces/detail.html", context)


def _page_at_source(evidence: Evidence, trace: str) -> str:
    try:
        return plugin_of(evidence.request.source).trace_page(trace)
    except SourceError:
        return ""
