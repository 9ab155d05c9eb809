"""The entries of the command palette, as a part of any page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.palette import groups_for


@require_GET
def entries(request: HttpRequest) -> HttpResponse:
    context = {"groups": groups_for(request.user, request.GET.get("q", ""))}
    return render(request, "incidents/palette/_entries.html", context)
