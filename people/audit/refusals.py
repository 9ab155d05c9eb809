"""Refused acts, and how many of them are recorded."""

from __future__ import annotations

import threading
import time

from common import process_cache
from common.origin import origin
from people.audit.recording import record

MOST_PER_MINUTE = 20
"""Of one person or address and process, so that nobody fills the log."""
_MOST_SOURCES = 2_000


class _Cap:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}
        process_cache.register(self)

    def clear(self) -> None:
        self._counts = {}

    def allows(self, who: str) -> bool:
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            if who not in self._counts and len(self._counts) >= _MOST_SOURCES:
                return False
            self._counts[who] = self._counts.get(who, 0) + 1
            return self._counts[who] <= MOST_PER_MINUTE


_cap = _Cap()


def record_refusal(what: str, event: str = "access.refused") -> None:
    """Somebody was refused `what`."""
    by = origin()
    if _cap.allows(by.name or by.address):
        record(event, name=what)
