"""How many background tasks ended how, and how long they took."""

from __future__ import annotations

import time

from common.counting import Durations

TASKS = Durations(
    "tasks", "Background tasks by name and outcome, and how long they ran.",
    ["task", "outcome"], [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
)  # fmt: skip
OUTCOMES = {"SUCCESS": "done", "FAILURE": "failed", "RETRY": "retried"}
LOST, EXPIRED = "lost", "expired"
_began: dict[str, float] = {}


def begin(task_id: str) -> None:
    _began[task_id] = time.monotonic()


def end(task_id: str, name: str, state: str) -> None:
    seconds = time.monotonic() - _began.pop(task_id, time.monotonic())
    TASKS.observe(seconds, name, OUTCOMES.get(state, "failed"))


def lost(name: str) -> None:
    """Its process was killed while it ran."""
    TASKS.observe(0.0, name, LOST)


def expired(name: str) -> None:
    """It waited for a worker until it was of no use any more."""
    TASKS.observe(0.0, name, EXPIRED)
