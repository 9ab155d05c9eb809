"""Where published postmortems are copied to: one small file each. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.publishers.base import Publisher


@cache
def registry() -> dict[str, type[Publisher]]:
    return find_plugins(__name__, __path__, Publisher)
