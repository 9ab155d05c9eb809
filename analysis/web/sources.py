"""Pages of sources."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import sources
from analysis.evidence.source_plugins import probe_source
from analysis.models import Source
from analysis.permissions import MANAGE_SOURCES
from analysis.sources.base import SourceError
from common.language import Text
from common.plugin_settings import PluginSettings
from people.permissions import requires

PROBE_DEADLINE = 5.0


@require_GET
def source_list(request: HttpRequest) -> HttpResponse:
    kinds = sources.registry()
    rows = [
        {"source": row, "title": kinds[row.kind].title if row.kind in kinds else row.kind}
        for row in Source.objects.all()
    ]
    return render(request, "analysis/sources/list.html", {"rows": rows, "kinds": kinds.values()})


@requires(MANAGE_SOURCES)
@require_http_methods(["GET", "POST"])
def source_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    """A plug-in's own settings form."""
    source = get_object_or_404(Source, pk=pk) if pk else Source(kind=kind)
    plugin = sources.registry().get(source.kind)
    if plugin is None:
        raise Http404("No such kind of source.")
    plugin_settings = PluginSettings(plugin.SettingsForm, source)
    form = plugin_settings.page_form(request.POST or None)
    name = request.POST.get("source_name", source.name or plugin.kind).strip()[:100]
    enabled = (request.method != "POST" and source.enabled) or "enabled" in request.POST
    problem: Text = ""
    if request.method == "POST":
        if not name or Source.objects.exclude(pk=source.pk).filter(name=name).exists():
            problem = _("Give it a name that no other source has.")
        if form.is_valid() and not problem:
            source.name, source.enabled = name, enabled
            plugin_settings.apply(form)
            source.save()
            saved = _("{source} is saved. Probe it to see if it answers.")
            messages.success(request, format_lazy(saved, source=source.name))
            return redirect("analysis:sources")
    context = {
        "form": form, "source": source, "plugin": plugin, "name": name, "enabled": enabled,
        "problem": problem,
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/sources/form.html", context, status=status)


@requires(MANAGE_SOURCES)
@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(Source, pk=pk)
    try:
        answer, well = probe_source(source, PROBE_DEADLINE), True
    except SourceError as error:
        # With what the server wrote: only those who may choose the address get here.
        answer, well = error.in_full, False
    return render(request, "analysis/sources/_probe_result.html", {"answer": answer, "well": well})
