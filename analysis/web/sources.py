"""Pages of sources."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import sources
from analysis.evidence import source_plugins
from analysis.models import Source
from analysis.permissions import MANAGE_SOURCES
from analysis.sources.base import SourceError

PROBE_DEADLINE = 5.0


@require_GET
def source_list(request: HttpRequest) -> HttpResponse:
    kinds = sources.registry()
    rows = [
        {"source": row, "title": kinds[row.kind].title if row.kind in kinds else row.kind}
        for row in Source.objects.all()
    ]
    return render(request, "analysis/sources.html", {"rows": rows, "kinds": kinds.values()})


@permission_required(MANAGE_SOURCES, raise_exception=True)
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
    return render(request, "analysis/source_form.html", context, status=status)


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
        answer, well = source_plugins.plugin_of(source).probe(PROBE_DEADLINE), True
    except SourceError as error:
        answer, well = str(error), False
    return render(request, "analysis/_probe.html", {"answer": answer, "well": well})
