"""Pages of connections from which history is imported: settings, preview, import, progress."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents.permissions import IMPORT_HISTORY
from incidents.web.shortcuts import act_and_redirect
from kb.history_reading import connecting, reading
from kb.history_sources import registry
from kb.models import HistoryConnection, HistoryReading
from kb.web.connections import RemoteConnections
from people.permissions import requires

CONNECTIONS = RemoteConnections(
    HistoryConnection,
    noun="connection",
    title=_("Import by API"),
    name_taken=_("Give it a name that no other connection has."),
    listed="kb:history-connections",
    kinds=registry,
    saved=connecting.settings_changed,
    probe=connecting.probe,
    unreadable=connecting.UNREADABLE,
    done=_("{name} is saved. Probe it, then see in a preview what would come."),
)


@requires(IMPORT_HISTORY)
@require_GET
def connection_list(request: HttpRequest) -> HttpResponse:
    return CONNECTIONS.list_page(request, "kb/history/connections.html")


@requires(IMPORT_HISTORY)
@require_http_methods(["GET", "POST"])
def connection_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    return CONNECTIONS.form_page(request, pk, kind)


@requires(IMPORT_HISTORY)
@require_GET
def connection_page(request: HttpRequest, pk: int) -> HttpResponse:
    row, plugin = CONNECTIONS.row_and_plugin(request, pk)
    context = {**_state_of(row), "plugin": plugin, "source": connecting.source_of(row)}
    return render(request, "kb/history/connection.html", context)


@requires(IMPORT_HISTORY)
@require_GET
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that says how far the readings are; it refreshes itself."""
    row = get_object_or_404(HistoryConnection, pk=pk)
    return render(request, "kb/history/_state.html", _state_of(row))


def _state_of(row: HistoryConnection) -> dict[str, Any]:
    found = {each.purpose: each for each in row.readings.filter(pages__gt=0)}
    found |= {each.purpose: each for each in row.readings.exclude(state="done")}
    shown = [found[purpose] for purpose in HistoryReading.Purpose.values if purpose in found]
    return {
        "row": row,
        "readings": shown,
        "pending": any(each.is_pending for each in shown if each.purpose != "follow"),
    }


@requires(IMPORT_HISTORY)
@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    return CONNECTIONS.probe_page(request, pk)


@requires(IMPORT_HISTORY)
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a preview or the import, or stop what is under way."""
    row = get_object_or_404(HistoryConnection, pk=pk)
    if "stop" in request.POST:
        return act_and_redirect(request, row, lambda: reading.stop_reading(row), _("Stopped."))
    purpose = request.POST.get("purpose", "")
    return act_and_redirect(
        request, row, lambda: reading.start_reading(row, purpose), _("It begins in a moment.")
    )
