"""Connections with their plug-ins, and how long one rests after a failure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from common.language import Text
from kb.models.connection import Connection
from kb.remote_api import RemoteError

PAUSE, LONG_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
"""Of a whole connection that does not answer, or whose settings are wrong."""


def configured_plugin(
    row: Connection, kinds: Mapping[str, Any], noun: str, unreadable: Text
) -> Any:
    """The plug-in with its settings. Raises RemoteError where there is none or no token.

    `unreadable` says that the secrets cannot be read, with the cure.
    """
    plugin = kinds.get(row.kind)
    if plugin is None:
        raise RemoteError(f"No plug-in “{row.kind}” is installed.", of_all=True)
    try:
        secrets = row.secrets
    except ValueError as error:
        raise RemoteError(str(unreadable), of_all=True) from error
    if not secrets.get("token"):
        raise RemoteError(f"It has no token: enter one in the {noun}'s settings.", of_all=True)
    return plugin({**row.settings, **secrets})


def note_failure(row: QuerySet[Any], error: RemoteError, written: str) -> None:
    """Store what the server wrote; let the connection rest if the failure concerns all of it."""
    row.update(last_refusal=written)
    if error.of_all:
        usual = PAUSE if error.passing else LONG_PAUSE
        pause = timedelta(seconds=error.wait) if error.wait else usual
        row.update(resting_until=timezone.now() + pause, trouble=str(error))


def forget_failures(row: QuerySet[Any]) -> None:
    row.update(resting_until=None, trouble="", last_refusal="")
