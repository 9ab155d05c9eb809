"""Plug-ins that read a service catalogue. One small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from incidents.catalogue.formats.base import CatalogueReader


@cache
def registry() -> dict[str, type[CatalogueReader]]:
    return find_plugins(__name__, __path__, CatalogueReader)
