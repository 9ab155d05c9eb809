"""One run at a time in a data folder, by locks that the system frees whatever ends a process."""

from __future__ import annotations

import contextlib
import enum
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FRONT_LOCK, ALL_LOCK = "up.lock", "processes.lock"
"""Held by bin/up, and by bin/up together with the supervisor of its processes."""
PREPARING_LOCK = "preparing.lock"
"""Held by bin/up while the database is not yet what the product needs."""
RUN_FILE = "up.json"
FORMER_RUN_ENDS_WITHIN = 45.0
"""Seconds for the processes of a run whose bin/up was killed."""


class State(enum.Enum):
    FREE = "free"
    RUNS = "runs"
    STOPPING = "stopping"
    """bin/up has ended, perhaps by kill -9, and its processes are about to"""


@dataclass(frozen=True)
class Run:
    """What others may know of a run."""

    pid: int
    address: str
    started: float
    """epoch seconds"""


class Claim:
    """The right to start processes in a folder. `inherited` is for the supervisor's process."""

    def __init__(self, folder: Path, front: int, inherited: int) -> None:
        self._folder, self._front, self.inherited = folder, front, inherited

    def describe(self, run: Run) -> None:
        write_private(self._folder / RUN_FILE, json.dumps(asdict(run)))

    def release(self) -> None:
        (self._folder / RUN_FILE).unlink(missing_ok=True)
        os.close(self._front)
        os.close(self.inherited)


def claim(folder: Path, wait: float = FORMER_RUN_ENDS_WITHIN) -> Claim | None:
    """None where somebody else runs in `folder`. What is stopping may take `wait` seconds."""
    front = _lock(folder / FRONT_LOCK)
    if front is None:
        return None
    until = time.monotonic() + wait
    while (inherited := _lock(folder / ALL_LOCK)) is None:
        if time.monotonic() >= until:
            os.close(front)
            return None
        time.sleep(0.2)
    return Claim(folder, front, inherited)


@contextlib.contextmanager
def preparing(folder: Path) -> Iterator[Path]:
    """Hold the lock that the web server waits for before it serves; its file."""
    lock = _lock(folder / PREPARING_LOCK)
    try:
        yield folder / PREPARING_LOCK
    finally:
        if lock is not None:
            os.close(lock)


def state_of(folder: Path) -> State:
    for name, state in ((FRONT_LOCK, State.RUNS), (ALL_LOCK, State.STOPPING)):
        # Not created here: who asks may have no right to write.
        if not (folder / name).exists():
            continue
        lock = _lock(folder / name)
        if lock is None:
            return state
        os.close(lock)
    return State.FREE


def run_in(folder: Path) -> Run | None:
    """Who runs in `folder`, as far as it is known."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Run(**json.loads((folder / RUN_FILE).read_text()))
    return None


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _lock(path: Path) -> int | None:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
