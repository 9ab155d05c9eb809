"""Code hosts, which show results beside the commit: one small file each."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from practice.code_hosts.base import CodeHostPlugin


@cache
def registry() -> dict[str, type[CodeHostPlugin]]:
    return find_plugins(__name__, __path__, CodeHostPlugin)
