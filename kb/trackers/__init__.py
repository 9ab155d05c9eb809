"""Trackers of work: one small file each. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.trackers.base import TrackerPlugin


@cache
def registry() -> dict[str, type[TrackerPlugin]]:
    return find_plugins(__name__, __path__, TrackerPlugin)
