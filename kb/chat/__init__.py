"""Chat platforms: one small file each; commands are the same for all. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.chat.base import Platform


@cache
def registry() -> dict[str, type[Platform]]:
    return find_plugins(__name__, __path__, Platform)
