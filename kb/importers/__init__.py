"""Importers of incidents and postmortems: one small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.importers.base import Importer


@cache
def registry() -> dict[str, type[Importer]]:
    return find_plugins(__name__, __path__, Importer)
