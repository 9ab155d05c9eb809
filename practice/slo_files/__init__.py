"""Plug-ins that read objectives from files of other tools, one file each."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from practice.slo_files.base import SloReader


@cache
def registry() -> dict[str, type[SloReader]]:
    return find_plugins(__name__, __path__, SloReader)
