"""Chat platforms: each one small file over one command core. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.chat.base import Platform


@cache
def registry() -> dict[str, type[Platform]]:
    return find_plugins(__name__, __path__, Platform)
