"""Counts of what all processes on all hosts did, for /metrics: added up in Redis.

A process adds up its own in memory and hands them over every second, so that counting costs
microseconds and never waits for Redis. While Redis is away they wait in memory; a Redis that was
emptied starts at 0, which Prometheus expects of counters. How many rows there are now is read from
the database instead.
"""

from __future__ import annotations

import json
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from redis.exceptions import RedisError

from common.redis_client import redis_client

KEY = "causebook:counts"
HAND_OVER_EVERY, IDLE, RETRY_AFTER = 1.0, 60.0, 10.0
"""Seconds between two hand-overs, without counts until the thread ends, and after a failure."""
MOST_SERIES = 20_000
"""Labels are chosen by us and few; this holds where one is not."""
MOST_CHARACTERS = 100
SUM = "sum"

Labels = tuple[str, ...]
Field = tuple[str, Labels, str]
"""name of a count, its labels, and which part of it: a bucket's position, the sum, or the whole"""


class Counts:
    """Something that is counted, by labels of which there are only so many."""

    buckets: Sequence[float] = ()

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        self.name, self.description, self.labels = name, description, tuple(labels)
        DECLARED[name] = self

    def add(self, *labels: str, amount: float = 1) -> None:
        _add({(self.name, self._values(labels), ""): amount})

    def _values(self, labels: Labels) -> Labels:
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {labels!r}.")
        return tuple(str(label)[:MOST_CHARACTERS] for label in labels)


class Durations(Counts):
    """Counts with how many seconds each took."""

    def __init__(
        self, name: str, description: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> None:
        super().__init__(name, description, labels)
        self.buckets = tuple(buckets)

    def observe(self, seconds: float, *labels: str) -> None:
        values = self._values(labels)
        bucket = str(bisect_left(self.buckets, seconds))
        _add({(self.name, values, bucket): 1, (self.name, values, SUM): seconds})


DECLARED: dict[str, Counts] = {}
"""All of them, by name."""
_pending: defaultdict[Field, float] = defaultdict(float)
_lock = threading.Lock()
_some = threading.Event()
_thread: threading.Thread | None = None


def _add(amounts: Mapping[Field, float]) -> None:
    global _thread
    with _lock:
        if len(_pending) > MOST_SERIES:
            return
        for field, amount in amounts.items():
            _pending[field] += amount
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_hand_over, name="counts", daemon=True)
            _thread.start()
    if not _some.is_set():
        _some.set()


def _hand_over() -> None:
    pause = threading.Event()
    while _some.wait(IDLE):
        pause.wait(HAND_OVER_EVERY)
        _some.clear()
        if not flush():
            pause.wait(RETRY_AFTER)


def flush() -> bool:
    """Hand the counts of this process over. False while Redis is away."""
    with _lock:
        taken = dict(_pending)
        _pending.clear()
    if not taken:
        return True
    try:
        with redis_client().pipeline(transaction=True) as pipeline:
            for (name, labels, part), amount in taken.items():
                pipeline.hincrbyfloat(KEY, json.dumps([name, labels, part]), amount)
            pipeline.execute()
    except (RedisError, OSError):
        with _lock:
            for field, amount in taken.items():
                _pending[field] += amount
        _some.set()
        return False
    return True


def read() -> dict[str, dict[Labels, dict[str, float]]]:
    """By name and labels, sorted: the parts of each count. Empty while Redis is away.

    Sorted because a hash of Redis changes its order as it grows, and scrapes are compared.
    """
    flush()
    found: defaultdict[str, defaultdict[Labels, dict[str, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    with suppress(RedisError, OSError):
        for field, amount in redis_client().hgetall(KEY).items():
            with suppress(ValueError, TypeError):
                name, labels, part = json.loads(field)
                # Of another release, which may have had other labels.
                if name in DECLARED and len(labels) == len(DECLARED[name].labels):
                    found[name][tuple(labels)][part] = float(amount)
    return {name: dict(sorted(by_labels.items())) for name, by_labels in found.items()}


def forget_pending() -> None:
    """In a forked process: what its parent counted is the parent's to hand over."""
    global _lock, _thread
    _lock, _thread = threading.Lock(), None
    _pending.clear()


os.register_at_fork(after_in_child=forget_pending)


def cumulative(parts: Mapping[str, float], buckets: Iterable[float]) -> list[tuple[str, float]]:
    """As Prometheus wants a histogram: up to each bound, all that took so long or less."""
    total, rows = 0.0, []
    bounds = [*(f"{bound:g}" for bound in buckets), "+Inf"]
    for position, bound in enumerate(bounds):
        total += parts.get(str(position), 0.0)
        rows.append((bound, total))
    return rows
