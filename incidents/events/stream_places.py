"""Places of those who listen to the stream of events: each occupies a socket of the web server.

Counted in each process. A person has some of them, by whatever tabs and tokens, so that nobody can
keep all others from listening.
"""

from __future__ import annotations

import threading
from collections import Counter

from django.conf import settings


class NoPlace(Exception):
    """All places are taken; the message says whose."""


_lock = threading.Lock()
_listening: Counter[int] = Counter()


def take(person: int) -> None:
    """A place for a person, who gives it back by `free`. Raises NoPlace."""
    with _lock:
        if _listening[person] >= settings.EVENT_STREAMS_PER_PERSON:
            raise NoPlace(
                f"You listen with {_listening[person]} clients already; close one of them."
            )
        if _listening.total() >= settings.EVENT_STREAMS:
            raise NoPlace("Too many clients of the stream; try again later.")
        _listening[person] += 1


def free(person: int) -> None:
    with _lock:
        _listening[person] -= 1
        if not _listening[person]:
            del _listening[person]
