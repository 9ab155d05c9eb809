"""Celery messages that wake a worker when deliveries wait, at most a few a second."""

from __future__ import annotations

import threading

from celery import current_app
from kombu.exceptions import OperationalError

_wanted = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None


def wake_workers() -> None:
    """Have a worker process waiting deliveries soon; never waits for the broker.

    Thousands of deliveries a second become a few messages. A lost message costs seconds: the
    periodic sweep processes what is left.
    """
    global _thread
    _wanted.set()
    if _thread is None or not _thread.is_alive():
        with _lock:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_send_messages, name="wake-workers", daemon=True)
                _thread.start()


QUIET, IDLE = 0.2, 60.0
"""Seconds between two messages; seconds without any after which the thread ends."""


def _send_messages() -> None:
    pause = threading.Event()
    while _wanted.wait(IDLE):
        _wanted.clear()
        try:
            current_app.send_task("incidents.tasks.work_deliveries", expires=30)
        except (OperationalError, OSError):
            pause.wait(2.0)
        pause.wait(QUIET)
