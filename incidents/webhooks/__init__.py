"""Plug-ins that read what senders send. One small file each; `registry()` finds them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from incidents.webhooks.base import Webhook


@cache
def registry() -> dict[str, type[Webhook]]:
    """Every plug-in by its kind: the subclasses of Webhook in this package's modules."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found = [plugin for plugin in Webhook.__subclasses__() if plugin.kind]
    return {plugin.kind: plugin for plugin in sorted(found, key=lambda p: p.title.lower())}
