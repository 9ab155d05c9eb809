"""The cache in Redis; while Redis is down, each process has one of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import RedisError

from common.redis_client import redis_client


class _Client(RedisCacheClient):
    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        return redis_client()


class SteadyRedisCache(RedisCache):
    """Nothing fails for want of Redis: people sign in, and the limits on attempts still hold."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
        self._own = LocMemCache("while-redis-is-down", {})

    def _or_own(self, name: str, *arguments: Any, **options: Any) -> Any:
        in_redis: Callable[..., Any] = getattr(super(), name)
        try:
            return in_redis(*arguments, **options)
        except (RedisError, OSError):
            return getattr(self._own, name)(*arguments, **options)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._or_own("add", key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._or_own("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._or_own("set", key, value, timeout, version)

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._or_own("delete", key, version)
