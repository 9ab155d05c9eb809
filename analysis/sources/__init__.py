"""Plug-ins that pull evidence. One small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from analysis.sources.base import SourcePlugin
from common.plugins import find_plugins


@cache
def registry() -> dict[str, type[SourcePlugin]]:
    return find_plugins(__name__, __path__, SourcePlugin)
