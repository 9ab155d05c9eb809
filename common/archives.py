"""Zip files as exports come: their text files by path, within limits. No Django in it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

MAX_MEMBERS = 2_000
MAX_BYTES = 64 * 1024 * 1024
"""Of all that is unpacked together; sizes in the archive's own list are not trusted."""
MAX_NAME = 200
"""Bytes of a file's name and of each folder's."""
DEPTH = 2
"""Archives in an archive: Notion's exports have their pages in a second one."""
MAGIC = b"PK\x03\x04"
_WORKBOOK = "[Content_Types].xml"
_NO_TEXT = frozenset(
    ".png .jpg .jpeg .gif .svg .webp .ico .bmp .pdf .mp4 .mov .css .js .woff .woff2 .ttf".split()
)


class BadArchive(ValueError):
    """What is no archive that can be read; the message says why and what to do."""


def is_archive(content: bytes) -> bool:
    return content.startswith(MAGIC)


def unpack(content: bytes) -> dict[str, bytes]:
    """Files of a zip file by their path in it, without pictures, hidden files and empty folders.

    A single folder around everything is left out: code hosts name it after the commit. Raises
    BadArchive.
    """
    budget = _Budget()
    try:
        files = dict(_members(content, DEPTH, budget))
    except BadArchive:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        cure = "pack it anew, or save a workbook as CSV"
        raise BadArchive(f"it is a damaged zip file: {cure}") from error
    except (RuntimeError, NotImplementedError) as error:
        reason = "it has a password, or is packed in an unusual way"
        raise BadArchive(f"{reason}: unpack it, and pack it as a plain zip file") from error
    if not files:
        raise BadArchive("no text file is in it")
    return _without_common_folder(files)


class _Budget:
    def __init__(self) -> None:
        self.members, self.bytes = MAX_MEMBERS, MAX_BYTES

    def read(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
        self.members -= 1
        if self.members < 0:
            raise BadArchive(f"more than {MAX_MEMBERS:,} files are in it: pack fewer at once")
        with archive.open(member) as file:
            content = file.read(self.bytes + 1)
        self.bytes -= len(content)
        if self.bytes < 0:
            most = f"{MAX_BYTES // 2**20} MB"
            raise BadArchive(f"unpacked it has more than {most}: pack fewer files at once")
        return content


def _members(content: bytes, depth: int, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if any(member.filename == _WORKBOOK for member in archive.infolist()):
            raise BadArchive("it is a workbook: save it as CSV")
        for member in archive.infolist():
            if not member.filename:
                # Python fails on it in `is_dir`.
                raise BadArchive("a file in it has no name: pack it anew")
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if member.is_dir() or not _is_text(path):
                continue
            if not _is_safe(path):
                raise BadArchive(f"{member.filename[:60]!r} in it is no name of a file")
            read = budget.read(archive, member)
            if is_archive(read) and depth > 1:
                for name, inner in _members(read, depth - 1, budget):
                    yield str(path.parent / name), inner
            else:
                yield str(path), read


def _is_text(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") and part != ".." for part in path.parts)
    return not hidden and "__MACOSX" not in path.parts and path.suffix.lower() not in _NO_TEXT


def _is_safe(path: PurePosixPath) -> bool:
    parts = path.parts
    return (
        bool(parts)
        and not path.is_absolute()
        and all(
            part != ".." and part.isprintable() and len(part.encode(errors="replace")) <= MAX_NAME
            for part in parts
        )
    )


def _without_common_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    while len({name.split("/")[0] for name in files}) == 1 and all("/" in name for name in files):
        files = {name.split("/", 1)[1]: content for name, content in files.items()}
    return files
