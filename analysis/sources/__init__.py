"""Plug-ins that pull evidence. One small file each; `registry()` finds them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from analysis.sources.base import SourcePlugin


@cache
def registry() -> dict[str, type[SourcePlugin]]:
    """Every plug-in by its kind: the subclasses of SourcePlugin in this package's modules."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {plugin.kind: plugin for plugin in SourcePlugin.__subclasses__() if plugin.kind}
