"""Plug-ins that read requests of senders. One small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from incidents.webhooks.base import Webhook


@cache
def registry() -> dict[str, type[Webhook]]:
    return find_plugins(__name__, __path__, Webhook)
