"""The data folder is for its owner alone: it holds the key, passwords and the database."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
PASS = stat.S_IXGRP | stat.S_IXOTH


def close_to_others(folder: Path, *, passable: bool = False) -> None:
    """Take all rights from group and others: of the folder, and of what is right below it.

    Also of a folder that an earlier version made. What is deeper, nobody else can reach. A folder
    is `passable` where PostgreSQL runs as another user, whose own folder is inside.
    """
    _close(folder, PASS if passable else 0)
    for path in folder.iterdir():
        _close(path)


def _close(path: Path, left: int = 0) -> None:
    try:
        now = path.lstat()
        mode = stat.S_IMODE(now.st_mode)
        wanted = mode & ~OTHERS | left
        # PostgreSQL looks after the folder of its own user.
        if stat.S_ISLNK(now.st_mode) or now.st_uid != os.geteuid() or mode == wanted:
            return
        path.chmod(wanted)
    except FileNotFoundError:
        return  # A process ended in between and removed what it had made.
