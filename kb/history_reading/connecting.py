"""Connections to products from whose API history is imported: their plug-in, settings, probe."""

from __future__ import annotations

from django.utils import timezone

from kb.history_sources import registry
from kb.history_sources.base import HistorySource
from kb.models import HistoryConnection, HistoryReading
from kb.remote_api import RemoteError

STOPPED = "Stopped."
"""The error of a reading that somebody ended."""
UNREADABLE = (
    "The token of this connection cannot be read with this SECRET_KEY: enter it again in its "
    "settings."
)


def plugin_of(connection: HistoryConnection) -> HistorySource:
    """The plug-in with its settings. Raises RemoteError where there is none or no token."""
    plugin = registry().get(connection.kind)
    if plugin is None:
        raise RemoteError(f"No plug-in “{connection.kind}” is installed.", of_all=True)
    try:
        secrets = connection.secrets
    except ValueError as error:
        raise RemoteError(UNREADABLE, of_all=True) from error
    if not secrets.get("token"):
        message = "It has no token: enter one in the connection's settings."
        raise RemoteError(message, of_all=True)
    return plugin({**connection.settings, **secrets})


def source_of(connection: HistoryConnection) -> str:
    """The origin of its incidents: by default that of the import of files of the same kind."""
    plugin = registry().get(connection.kind)
    return str(connection.settings.get("source") or (plugin.source if plugin else connection.kind))


def settings_changed(connection: HistoryConnection) -> None:
    """What failed for the former settings goes on where it ended."""
    HistoryConnection.objects.filter(pk=connection.pk).update(trouble="")
    failed = connection.readings.filter(state=HistoryReading.State.FAILED)
    failed.exclude(error=STOPPED).update(
        state=HistoryReading.State.WAITING, attempts=0, error="", not_before=timezone.now(),
        finished_at=None,
    )  # fmt: skip


def probe(connection: HistoryConnection) -> str:
    """A sentence that says that the settings are right. Raises RemoteError.

    What failed before goes on if they are.
    """
    answer = plugin_of(connection).probe()
    if connection.trouble:
        settings_changed(connection)
    return answer
