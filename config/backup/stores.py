"""Where backups are stored: a folder, or a bucket of an S3-compatible store."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from config.backup.archive import PARTIAL, BackupError

NAME = re.compile(r"causebook-\d{8}T\d{6}Z\.tar")
S3 = "s3://"
LEFT_OVER_AFTER = 86_400.0
"""Seconds after which a half-written file is nobody's."""


def new_name(at: datetime | None = None) -> str:
    return f"causebook-{at or datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"


class Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """A path to write a backup to; it is stored when nothing fails inside."""
        yield self._path / name

    def names(self) -> list[str]:
        return sorted(path.name for path in self._path.glob("*") if NAME.fullmatch(path.name))

    def delete(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def tidy(self) -> None:
        limit = datetime.now(UTC).timestamp() - LEFT_OVER_AFTER
        for path in self._path.glob(f".causebook-*{PARTIAL}"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)


class Bucket:
    """Credentials, region and the address of the store are set as for AWS's own tools."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        if not self._bucket:
            raise BackupError(f"{address} names no bucket. Write s3://bucket/folder.")
        self._client = _client()

    def __str__(self) -> str:
        return f"{S3}{self._bucket}/{self._prefix}"

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=_own_folder()) as folder:
            path = Path(folder) / name
            yield path
            with _explained(str(self)):
                self._client.upload_file(str(path), self._bucket, self._key(name))

    def names(self) -> list[str]:
        with _explained(str(self)):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._key("")
            )
            keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        names = [key.removeprefix(self._key("")) for key in keys]
        return sorted(name for name in names if NAME.fullmatch(name))

    def delete(self, name: str) -> None:
        with _explained(str(self)):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def tidy(self) -> None:
        """What is uploaded appears when all of it is there."""

    def fetch(self, path: Path) -> None:
        """Download the object whose address this is."""
        with _explained(str(self)):
            self._client.download_file(self._bucket, self._prefix, str(path))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


Store = Folder | Bucket


def store(address: str = "") -> Store:
    """By default where BACKUP_TO says, else the folder `backups` of the data folder."""
    address = address or settings.BACKUP_TO
    if address.startswith(S3):
        return Bucket(address)
    return Folder(Path(address).expanduser() if address else Path(settings.DATA_DIR) / "backups")


@contextmanager
def local_copy(address: str) -> Iterator[Path]:
    """The backup at a path or in a bucket, as a file."""
    if not address.startswith(S3):
        yield Path(address).expanduser()
        return
    with tempfile.TemporaryDirectory(dir=_own_folder()) as folder:
        path = Path(folder) / "backup.tar"
        Bucket(address).fetch(path)
        yield path


def prune(where: Store, retained: int) -> list[str]:
    """Delete all but the newest `retained` backups; the names of those deleted."""
    where.tidy()
    old = where.names()[:-retained] if retained > 0 else []
    for name in old:
        where.delete(name)
    return old


def _own_folder() -> Path:
    folder = Path(settings.DATA_DIR) / "backups"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(
            f"{folder} cannot be written: {error.strerror}. Set CAUSEBOOK_DATA_DIR to a folder "
            "that can."
        ) from error
    return folder


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise BackupError(
            "Backups to s3:// need boto3: pip install -r requirements-s3.txt."
        ) from error
    return boto3.client("s3", config=Config(connect_timeout=10, read_timeout=60))


@contextmanager
def _explained(where: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise BackupError(
            f"{where} cannot be used: {str(error)[:300]} Check AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL_S3."
        ) from error
