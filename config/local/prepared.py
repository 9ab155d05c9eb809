"""Remembers for which code a database was prepared, so that the next start need not do it.

Loading Django and all migrations takes some four seconds of a processor that web needs meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg

from config import env
from config.local.claim import write_private

STAMP = "prepared.json"
CODE = (
    "accounts", "analysis", "common", "config", "demo", "incidents", "kb", "people", "practice",
    "requirements.txt",
)  # fmt: skip
_APPLIED = """
    SELECT md5(string_agg(concat_ws(' ', app, name, applied), ',' ORDER BY id))
    FROM django_migrations WHERE EXISTS (SELECT 1 FROM auth_user)
"""
"""A restored or another database has other times of its migrations."""


class Prepared:
    """What a data folder remembers of the last preparation, compared with the code as it is now."""

    def __init__(self, data: Path) -> None:
        self._stamp, self._code = data / STAMP, _code()
        try:
            found = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            found = {}
        self._remembered = found if isinstance(found, dict) else {}

    @property
    def by_this_code(self) -> bool:
        return self._remembered.get("code") == self._code

    def is_so(self, url: str) -> bool:
        """Whether it was this database, it has a user, and no migration came or went since."""
        return self.by_this_code and self._remembered.get("applied", "") == _applied(url) != ""

    def remember(self, url: str) -> None:
        stamp = {"code": self._code, "applied": _applied(url)}
        write_private(self._stamp, json.dumps(stamp))


def _code() -> str:
    """Changes with any file of the product."""
    digest = hashlib.sha256()
    for path in _files():
        stat = path.stat()
        digest.update(f"{path.relative_to(env.ROOT)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for name in CODE:
        path = env.ROOT / name
        below = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (each for each in below if each.is_file())


def _applied(url: str) -> str:
    """A digest of the applied migrations; empty without any, or without a user."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(_APPLIED).fetchone()
    except psycopg.Error:
        return ""
    return str(row[0] or "") if row else ""
