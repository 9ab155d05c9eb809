"""Files of an import by name, with what is in zip files, as a folder that importers read."""

from __future__ import annotations

from collections.abc import Mapping
from os import utime
from pathlib import Path

from common.archives import BadArchive, is_archive, unpack
from kb.importers.base import CannotImport
from kb.importers.files import UNKNOWN_MTIME


def unpacked(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, and those in archives: below the archive's name where there is more than one.

    Raises CannotImport for an archive that cannot be read.
    """
    found: dict[str, bytes] = {}
    for name, content in files.items():
        if not is_archive(content):
            found[name] = content
            continue
        try:
            members = unpack(content)
        except BadArchive as error:
            raise CannotImport(f"{name}: {error}.") from error
        folder = "" if len(files) == 1 else f"{Path(name).stem}/"
        found.update({folder + member: each for member, each in members.items()})
    return found


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files into the folder. Returns the only file, or the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        utime(path, (UNKNOWN_MTIME, UNKNOWN_MTIME))
    return folder / next(iter(files)) if len(files) == 1 else folder
