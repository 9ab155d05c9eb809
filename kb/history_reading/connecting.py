"""Connections to products from whose API history is imported: their plug-in, settings, probe."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.leased_jobs import requeue
from kb.history_sources import registry
from kb.history_sources.base import HistorySource
from kb.models import HistoryConnection, HistoryReading
from kb.remote_connections import configured_plugin

STOPPED = "Stopped."
"""The error of a reading that somebody ended."""
UNREADABLE = _(
    "The token of this connection cannot be read with this SECRET_KEY: enter it again in its "
    "settings."
)


def plugin_of(connection: HistoryConnection) -> HistorySource:
    """The plug-in with its settings. Raises RemoteError where there is none or no token."""
    found: HistorySource = configured_plugin(connection, registry(), "connection", UNREADABLE)
    return found


def source_of(connection: HistoryConnection) -> str:
    """The origin of its incidents: by default that of the import of files of the same kind."""
    plugin = registry().get(connection.kind)
    return str(connection.settings.get("source") or (plugin.source if plugin else connection.kind))


def settings_changed(connection: HistoryConnection) -> None:
    """What failed for the former settings goes on where it ended."""
    HistoryConnection.objects.filter(pk=connection.pk).update(trouble="")
    failed = connection.readings.filter(state=HistoryReading.State.FAILED)
    requeue(failed.exclude(error=STOPPED), error="")


def probe(connection: HistoryConnection) -> str:
    """A sentence that says that the settings are right. Raises RemoteError.

    What failed before goes on if they are.
    """
    answer = plugin_of(connection).probe()
    if connection.trouble:
        settings_changed(connection)
    return answer
