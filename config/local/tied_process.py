"""Runs a command that ends with its parent: python -m config.local.tied_process INT [USER] -- …

A parent that is killed with -9 cannot stop its children. On Linux the system does.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
PARENT = "CAUSEBOOK_TIED_PARENT"
"""The variable by which a tied process says its id to those that it starts."""


def end_with_parent(number: int) -> None:
    """Have the system send signal `number` to this process when its parent ends; see prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def become(user: str) -> None:
    """Give up root for `user`, for good."""
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ["HOME"] = account.pw_dir


def tied(command: Sequence[str], stop: str = "TERM", user: str = "") -> list[str]:
    """The command line that runs `command` as a tied process, as `user` where one is named."""
    who = [user] if user else []
    return [sys.executable, "-m", "config.local.tied_process", stop, *who, "--", *command]


def main(arguments: Sequence[str]) -> None:
    at = arguments.index("--")
    stop, *user = arguments[:at]
    command = arguments[at + 1 :]
    if user:
        become(user[0])
    # After the change of user, which would reset it.
    end_with_parent(getattr(signal, f"SIG{stop}"))
    parent = os.environ.get(PARENT)
    if parent and os.getppid() != int(parent):
        # It ended before it could be tied to: no signal will come.
        sys.exit(f"{command[0]} is not started: process {parent}, which wanted it, has ended.")
    os.environ[PARENT] = str(os.getpid())
    os.execvp(command[0], list(command))  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
