"""Pages of what a plug-in connects: the list, and the settings form of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import format_lazy

from common.language import Text, in_language_of
from common.plugin_settings import PluginSettings
from kb.remote_api import RemoteError


@dataclass(frozen=True)
class Connections:
    """Records of one model with `name`, `enabled` and the settings of a plug-in."""

    model: type[models.Model]
    noun: str
    """of one of them"""
    title: Text
    """of the list"""
    name_taken: Text
    """the error of a record without a name of its own"""
    listed: str
    """the route of the list"""
    kinds: Callable[[], Mapping[str, Any]]
    saved: Callable[[Any], None]
    """called after a record was saved"""
    done: Text
    """the message after that, about `name`"""

    @property
    def name_field(self) -> str:
        return f"{self.noun.replace(' ', '_')}_name"

    def list_page(self, request: HttpRequest, template: str) -> HttpResponse:
        kinds, found = self.kinds(), self.model._default_manager.all()
        return render(
            request, template, {"rows": list(_titled(found, kinds)), "kinds": kinds.values()}
        )

    def form_page(self, request: HttpRequest, pk: int | None, kind: str) -> HttpResponse:
        """A plug-in's own settings."""
        row: Any = get_object_or_404(self.model, pk=pk) if pk else self.model(kind=kind)
        plugin = self.kinds().get(row.kind)
        if plugin is None:
            raise Http404(f"No such kind of {self.noun}.")
        plugin_settings = PluginSettings(plugin.SettingsForm, row)
        form = plugin_settings.page_form(request.POST or None)
        name = request.POST.get(self.name_field, row.name or plugin.title).strip()[:100]
        if request.method == "POST":
            others = self.model._default_manager.exclude(pk=row.pk)
            if not name or others.filter(name=name).exists():
                form.add_error(None, ValidationError(self.name_taken))
            if form.is_valid():
                row.name, row.enabled = name, "enabled" in request.POST
                plugin_settings.apply(form)
                row.save()
                self.saved(row)
                messages.success(request, format_lazy(self.done, name=row))
                return redirect(row)
        context = {
            "form": form, "row": row, "plugin": plugin, "name": name, "connections": self,
            "enabled": "enabled" in request.POST if request.method == "POST" else row.enabled,
        }  # fmt: skip
        status = 422 if request.method == "POST" else 200
        return render(request, "kb/connections/form.html", context, status=status)


@dataclass(frozen=True, kw_only=True)
class RemoteConnections(Connections):
    """Connections that can be probed."""

    probe: Callable[[Any], str]
    """A sentence that the settings are right. Raises RemoteError."""
    unreadable: Text
    """Says that the secrets cannot be read, with the cure."""

    def row_and_plugin(self, request: HttpRequest, pk: int) -> tuple[Any, Any]:
        """What the page of one shows; the plug-in is None where it is not installed."""
        row: Any = get_object_or_404(self.model, pk=pk)
        plugin = self.kinds().get(row.kind)
        if plugin and PluginSettings(plugin.SettingsForm, row).unreadable:
            messages.warning(request, self.unreadable)
        return row, plugin

    def probe_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        row: Any = get_object_or_404(self.model, pk=pk)
        try:
            with in_language_of(request):
                messages.success(request, self.probe(row))
        except RemoteError as error:
            # With what the server wrote: only those who may choose the address get here.
            messages.error(request, error.in_full)
        return redirect(row)


def _titled(rows: Iterable[Any], kinds: Mapping[str, Any]) -> Iterable[tuple[Any, str]]:
    """The records, each with the title of its plug-in; with its kind, where that is unknown."""
    return ((row, kinds[row.kind].title if row.kind in kinds else row.kind) for row in rows)
