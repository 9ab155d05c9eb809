"""Chat platforms in which rules open channels for incidents. `registry()` finds them."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from kb.channel_hosts.base import ChannelHost


@cache
def registry() -> dict[str, type[ChannelHost]]:
    return find_plugins(__name__, __path__, ChannelHost)
