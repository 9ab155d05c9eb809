"""The one Redis client of this process: for a single server, or the master that Sentinels name."""

from __future__ import annotations

import threading
from typing import Any, cast

from django.conf import settings
from redis import Redis
from redis.sentinel import Sentinel

TIMEOUTS: dict[str, float] = {"socket_timeout": 1, "socket_connect_timeout": 1}
_lock = threading.Lock()
_made: dict[str, Redis] = {}


def redis_client() -> Redis:
    """Many threads may use it; nobody closes it."""
    # Not two at once: the one that is not used would be closed under whoever got it.
    with _lock:
        if settings.REDIS_URL not in _made:
            _made[settings.REDIS_URL] = _make()
        return _made[settings.REDIS_URL]


def _make() -> Redis:
    tls = settings.REDIS_TLS
    if not settings.REDIS_SENTINELS:
        return Redis.from_url(settings.REDIS_URL, **TIMEOUTS, **tls)
    of_sentinels = {**TIMEOUTS, **tls, **settings.REDIS_SENTINEL_OPTIONS}
    # Without types in the library.
    make: Any = Sentinel
    sentinel = make(
        settings.REDIS_SENTINELS, sentinel_kwargs=of_sentinels, **TIMEOUTS,
        **settings.REDIS_MASTER_OPTIONS,
    )  # fmt: skip
    return cast("Redis", sentinel.master_for(settings.REDIS_MASTER))
