"""Products from whose API history is imported: one small file each. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.history_sources.base import HistorySource


@cache
def registry() -> dict[str, type[HistorySource]]:
    return find_plugins(__name__, __path__, HistorySource)
