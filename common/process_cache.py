"""Caches in the memory of one process: bounded, safe between threads, cleared together in tests.

An entry is valid until it is dropped by code that learnt of a write, or older than `max_age`.
Everything else that a value depends on belongs in its key. Pure functions of their arguments use
`functools.lru_cache` instead: nothing can make their results stale.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Clearable(Protocol):
    def clear(self) -> None:
        """Remove everything that is cached."""


_registry: WeakSet[Clearable] = WeakSet()


def register(cache: Clearable) -> None:
    """Let `clear_all` clear this object too, for as long as it exists."""
    _registry.add(cache)


def clear_all() -> None:
    """Clear every cache of this process, so that a test starts from what the database holds."""
    for cache in list(_registry):
        cache.clear()


class ProcessCache(Generic[Key, Value]):
    """Values by key, at most `max_entries`; when full, it starts again from empty.

    `max_age` is in seconds; without it, entries are valid until they are dropped.
    """

    def __init__(self, name: str, max_entries: int, max_age: float | None = None) -> None:
        self.name = name
        self.max_entries = max_entries
        self.max_age = max_age
        self._lock = threading.Lock()
        self._entries: dict[Key, tuple[Value, float]] = {}
        self._invalidations = 0
        register(self)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<ProcessCache {self.name}: {len(self)} of at most {self.max_entries} entries>"

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """The cached value, or what `read` returns, which is cached unless it raises."""
        return self.get_many([key], lambda _: {key: read()})[key]

    def get_many(
        self, keys: Collection[Key], read: Callable[[list[Key]], dict[Key, Value]]
    ) -> dict[Key, Value]:
        """Values by key. `read` gets the keys that are not cached; keys it omits are left out."""
        with self._lock:
            oldest = self._oldest()
            cached = {
                key: entry[0]
                for key in keys
                if (entry := self._entries.get(key)) is not None and entry[1] >= oldest
            }
            invalidations = self._invalidations
        missing = [key for key in keys if key not in cached]
        if not missing:
            return cached
        values = read(missing)
        with self._lock:
            # A value read before another thread's drop may be older than the write behind it.
            if invalidations == self._invalidations:
                self._store(values)
        return cached | values

    def peek(self, key: Key, even_if_old: bool = False) -> Value | None:
        """The cached value or None, without reading; `even_if_old` ignores `max_age`."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or (entry[1] < self._oldest() and not even_if_old):
                return None
            return entry[0]

    def store(self, key: Key, value: Value) -> None:
        with self._lock:
            self._store({key: value})

    def drop(self, keys: Iterable[Key]) -> None:
        """Invalidate some entries, also those that other threads are reading at this moment."""
        with self._lock:
            self._invalidations += 1
            for key in keys:
                self._entries.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._invalidations += 1
            self._entries.clear()

    def _oldest(self) -> float:
        return float("-inf") if self.max_age is None else time.monotonic() - self.max_age

    def _store(self, values: dict[Key, Value]) -> None:
        if len(self._entries) + len(values) > self.max_entries:
            self._entries.clear()
        if len(values) > self.max_entries:
            return
        now = time.monotonic()
        self._entries.update((key, (value, now)) for key, value in values.items())
