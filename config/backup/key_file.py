"""The file that holds SECRET_KEY where no variable does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from config import env
from config.backup.archive import BackupError, new_file


@contextmanager
def replaced(key: str | None) -> Iterator[Path | None]:
    """The file holds `key` from now on, unless what is done inside fails.

    Gives the path that the former key was moved to; None without a former one.
    """
    path = env.data_dir() / env.KEY_FILE
    present = path.read_text() if path.exists() else None
    if key is None or key == present:
        yield None
        return
    former = path.with_name(f"{path.name}-before-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    if present is not None:
        write(former, present)
    write(path, key)
    try:
        yield former if present is not None else None
    except BaseException:
        if present is None:
            path.unlink(missing_ok=True)
        else:
            former.replace(path)
        raise


def write(path: Path, text: str) -> None:
    with new_file(path) as file:
        file.write(text.encode())
    if os.stat(path).st_mode & 0o077:
        raise BackupError(f"{path} is readable by others on this file system.")
