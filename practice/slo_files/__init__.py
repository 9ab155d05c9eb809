"""Plug-ins that read objectives written elsewhere. One small file each; `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from practice.slo_files.base import SloReader


@cache
def registry() -> dict[str, type[SloReader]]:
    return find_plugins(__name__, __path__, SloReader)
