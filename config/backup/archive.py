"""The file of a backup: a plain tar, so that it can be read without the product.

`database.dump` is pg_dump's custom format, `keys.sealed` holds the keys, and `manifest.json`, which
comes last, describes the rest and has its checksums. A file that was cut off has no manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

DUMP, KEYS, MANIFEST = "database.dump", "keys.sealed", "manifest.json"
BLOCK, CHUNK = 512, 1 << 20
LARGEST = {DUMP: 1 << 50, KEYS: 1 << 20, MANIFEST: 8 << 20}
"""Bytes. Only the dump is large, and it is never in memory: nothing in the file is packed twice."""
FORMAT = 1
PARTIAL = ".partial"


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message says why, and the cure."""


@dataclass(frozen=True)
class Member:
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    version: str
    """of the product"""
    made_at: str
    postgresql: int
    """server_version_num of the server"""
    migrations: list[list[str]]
    """app and name of those that were applied"""
    rows: dict[str, int]
    """by table"""
    settings: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        about = {"product": "causebook", "format": FORMAT, **asdict(self)}
        return json.dumps(about, indent=1, sort_keys=True).encode()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.as_bytes()).hexdigest()


class Writer:
    """Writes members one after the other; of a stream the size is known only afterwards."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, name: str, chunks: Iterable[bytes]) -> Member:
        start = self._file.tell()
        self._file.write(bytes(BLOCK))
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            self._file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        self._file.write(bytes(-size % BLOCK))
        end = self._file.tell()
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        self._file.seek(start)
        self._file.write(header.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(end)
        return Member(size, digest.hexdigest())

    def finish(self) -> None:
        self._file.write(bytes(2 * BLOCK))


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears as `path` when all of it is on disk, for its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(number, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)


class Archive:
    """A backup file that was opened: its parts were found, `verify` compares their checksums."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at: dict[str, tuple[int, int]] = {}
        """where the content of each member begins, and its size"""
        try:
            self._size = path.stat().st_size
            with path.open("rb") as file:
                self._find_members(file)
        except OSError as error:
            raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise self._broken("it is no backup, or its end is missing") from error
        if MANIFEST not in self._at or DUMP not in self._at:
            raise self._broken("its end is missing")
        self._manifest_bytes = self._small(MANIFEST)
        self.manifest = self._parsed(self._manifest_bytes)

    @property
    def manifest_digest(self) -> str:
        return hashlib.sha256(self._manifest_bytes).hexdigest()

    @property
    def keys(self) -> bytes | None:
        return self._small(KEYS) if KEYS in self._at else None

    def verify(self) -> None:
        """Raise BackupError unless every part is as it was written."""
        digest = hashlib.sha256()
        for chunk in self.dump():
            digest.update(chunk)
        stored = self.manifest.members.get(DUMP)
        if stored != Member(self._at[DUMP][1], digest.hexdigest()):
            raise self._broken("its content is not what was written")

    def dump(self) -> Iterator[bytes]:
        start, size = self._at[DUMP]
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                while size:
                    chunk = file.read(min(CHUNK, size))
                    if not chunk:
                        raise self._broken("its end is missing")
                    size -= len(chunk)
                    yield chunk
        except OSError as error:
            raise BackupError(f"{self.path} cannot be read: {error.strerror}.") from error

    def _find_members(self, file: BinaryIO) -> None:
        """Read the headers by ourselves: three known names, no links, no extensions of tar."""
        at = 0
        while any(block := _filled(file.read(BLOCK))):
            header = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            at += BLOCK
            known = header.name in LARGEST and header.name not in self._at
            if not known or header.type != tarfile.REGTYPE:
                raise self._broken("it has parts that no backup has")
            if not 0 <= header.size <= min(LARGEST[header.name], self._size - at):
                raise self._broken("its end is missing")
            self._at[header.name] = (at, header.size)
            at += header.size + -header.size % BLOCK
            file.seek(at)

    def _small(self, name: str) -> bytes:
        start, size = self._at[name]
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)

    def _parsed(self, content: bytes) -> Manifest:
        try:
            about = json.loads(content)
            if not isinstance(about, dict) or about.pop("product", "") != "causebook":
                raise self._broken("its description cannot be read")
            if about.pop("format", 0) != FORMAT:
                raise BackupError(
                    f"{self.path} was made by a newer version ({about.get('version')}). "
                    "Restore it with that version or a later one."
                )
            return _checked(about)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._broken("its description cannot be read") from error

    def _broken(self, why: str) -> BackupError:
        return BackupError(
            f"{self.path} is damaged: {why}. Nothing was changed. Copy the file again from where "
            "it is stored, or use another backup."
        )


def _filled(block: bytes) -> bytes:
    """Nothing at the end of the file; a block that is cut off is no header."""
    if block and len(block) < BLOCK:
        raise tarfile.HeaderError("cut off")
    return block


def _checked(about: dict[str, Any]) -> Manifest:
    """Raises one of ValueError, TypeError and KeyError where it has not the form of a manifest."""
    members = {name: Member(**member) for name, member in about.pop("members").items()}
    found = Manifest(**about, members=members)
    rows, settings = found.rows.items(), found.settings.items()
    right = (
        isinstance(found.version, str)
        and isinstance(found.made_at, str)
        and isinstance(found.postgresql, int)
        and isinstance(found.migrations, list)
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(each, str) for each in pair)
            for pair in found.migrations
        )
        and all(isinstance(table, str) and isinstance(count, int) for table, count in rows)
        and all(isinstance(name, str) and isinstance(value, str) for name, value in settings)
    )
    if not right:
        raise TypeError("another type")
    return found
