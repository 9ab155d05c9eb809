"""Applies the rules of retention, kind by kind, within the time of a task."""

from __future__ import annotations

import logging
import time

from common import retention
from common.retention import KINDS, Kind
from incidents import scheduled_runs

_log = logging.getLogger(__name__)
SECONDS = 12.0
"""Of one run: a task has 22."""
AGAIN_AFTER = 6 * 3600.0
"""Seconds after which a kind is looked through again that had nothing old left."""
MARK = "retention: "


def apply_rules(seconds: float = SECONDS, anyway: bool = False) -> dict[str, int]:
    """Delete or thin what is old; rows by kind. A run that is lost, or out of time, goes on later.

    When a kind was done is in the database, and only written once nothing old is left. `anyway`
    applies every rule, due or not.
    """
    until = time.monotonic() + seconds
    ages = scheduled_runs.ages()
    due = [
        (ages.get(MARK + name), name, kind)
        for name, kind in KINDS.items()
        if kind.has_rule and (anyway or _is_due(ages.get(MARK + name)))
    ]
    # Those that waited longest first, so that one long kind holds up none for ever.
    due.sort(key=lambda each: (each[0] is not None, -(each[0] or 0.0)))
    done: dict[str, int] = {}
    for number, (_, name, kind) in enumerate(due):
        left = until - time.monotonic()
        if left <= 0:
            break
        done[name] = _apply(name, kind, left / (len(due) - number))
    return done


def _is_due(age: float | None) -> bool:
    return age is None or age > AGAIN_AFTER or age < -scheduled_runs.CLOCK_JUMP


def _apply(name: str, kind: Kind, seconds: float) -> int:
    outcome = retention.apply(kind, seconds)
    if outcome.finished:
        scheduled_runs.sign_of_life(MARK + name)
    if outcome.rows:
        _log.info("%s: %s %s old rows.", kind.title, _verb(kind), outcome.rows)
    return outcome.rows


def _verb(kind: Kind) -> str:
    return "reduced" if kind.thins else "deleted"
