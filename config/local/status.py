"""bin/up --status: what runs from the data folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.local.claim import State, run_in, state_of
from config.local.supervision import states

RUNS, ILL, NOT_RUNNING = 0, 1, 3
"""Exit codes; 3 is what service managers expect of a service that does not run."""


def show(data: Path) -> int:
    """Print what runs; returns the exit code."""
    state = state_of(data)
    if state is State.FREE:
        print(f"Causebook does not run from {data}.")
        return NOT_RUNNING
    if state is State.STOPPING:
        print("Causebook is stopping.")
        return ILL
    if run := run_in(data):
        since = datetime.fromtimestamp(run.started, UTC)
        print(f"Causebook: {run.address}/ (process {run.pid}, since {since:%Y-%m-%d %H:%M} UTC)")
    else:
        print("Causebook is starting.")
    found = states(data)
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        since_start = f"for {timedelta(seconds=each.seconds)}, process {each.pid}"
        print(f"  {each.name:{width}}  {each.state:8}  {since_start if each.pid else ''}".rstrip())
    return RUNS if found and all(each.runs for each in found) else ILL
