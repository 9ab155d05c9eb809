"""Exporters of postmortems: one small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.exporters.base import Exporter


@cache
def registry() -> dict[str, type[Exporter]]:
    return find_plugins(__name__, __path__, Exporter)
