"""The guides of senders, readable without leaving the product."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.guides import OVERVIEW, guide_of, sample_name, sample_of


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "incidents/intake/guide.html", {"guide": guide_of(OVERVIEW)})


@require_GET
def guide(request: HttpRequest, kind: str) -> HttpResponse:
    found = guide_of(kind) if kind != OVERVIEW else ""
    if not found:
        raise Http404("There is no guide of this name.")
    return render(request, "incidents/intake/guide.html", {"guide": found, "kind": kind})


@require_GET
def sample(request: HttpRequest, kind: str) -> HttpResponse:
    """What a sender of this kind sends, as a file to try it with."""
    body = sample_of(kind)
    if not body:
        raise Http404("There is no sample of this name.")
    answer = HttpResponse(body, content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{sample_name(kind)}"'
    return answer
