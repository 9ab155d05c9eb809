"""Where the embedded servers listen: sockets that only their owner reaches."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

LONGEST = 100
"""Bytes; the system takes 107 for a socket's path, on macOS 103."""
LONGEST_NAME = ".s.PGSQL.5432"


def socket_folder(folder: Path, owner: int | None = None) -> Path:
    """`folder`, or where its path is too long for a socket, one in the system's temporary folder.

    That one is for the user `owner` alone, by default for who runs this. Raises PermissionError
    where somebody else has made it.
    """
    if len(os.fsencode(folder / LONGEST_NAME)) <= LONGEST:
        return folder
    owner = os.geteuid() if owner is None else owner
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"causebook-{owner}-{digest}"
    try:
        short.mkdir(mode=0o700)
    except FileExistsError:
        found = short.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise PermissionError(f"{short} belongs to somebody else. Remove it.") from None
    if os.geteuid() == 0:
        os.chown(short, owner, -1)
    return short
