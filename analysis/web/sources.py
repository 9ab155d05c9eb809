"""Pages of sources."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import sources
from analysis.evidence.source_plugins import probe_source
from analysis.models import Source
from analysis.permissions import MANAGE_SOURCES
from analysis.sources.base import SourceError, SourceForm
from analysis.sources.http import HttpForm
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
    return render(
        request,
        "analysis/sources/list.html",
        {"rows": rows, "kinds": kinds.values(), "probed": request.GET.get("probe", "")},
    )


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
            saved = _("{source} is saved.")
            messages.success(request, format_lazy(saved, source=source.name))
            return redirect(f"{reverse('analysis:sources')}?probe={source.pk}")
    context = {
        "form": form, "source": source, "plugin": plugin, "name": name, "enabled": enabled,
        "problem": problem, **_grouped(form, plugin_settings),
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/sources/form.html", context, status=status)


def _grouped(form: forms.Form, stored: PluginSettings) -> dict[str, Any]:
    """The fields that a newcomer fills in, and folds of those that have a default or may be empty.

    A fold is open where one of its fields is used or wrong.
    """
    limits = [form[name] for name in SourceForm.base_fields]
    sign_in = []
    if isinstance(form, HttpForm):
        names = [name for name in HttpForm.base_fields if name not in SourceForm.base_fields]
        sign_in = [form[name] for name in names if not form.fields[name].required]
    folded = {field.name for field in (*limits, *sign_in)}
    return {
        "fields": [field for field in form if field.name not in folded],
        "sign_in": sign_in,
        "sign_in_open": any(f.errors or f.value() or f.name in stored.stored for f in sign_in),
        "limits": limits,
        "limits_open": any(field.errors for field in limits),
    }


@requires(MANAGE_SOURCES)
@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(Source, pk=pk)
    try:
        answer, well = probe_source(source, PROBE_DEADLINE), True
    except SourceError as error:
        # With what the server wrote: only those who may choose the address get here.
        answer, well = error.in_full, False
    context = {"answer": answer, "well": well}
    response = render(request, "analysis/sources/_probe_result.html", context)
    if well:
        response["HX-Trigger"] = "step-done"
    return response
