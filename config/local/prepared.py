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


def may_be_prepared(data: Path) -> bool:
    """Whether the last preparation from this folder was by the same code."""
    return _remembered(data).get("code") == _code()


def is_prepared(data: Path, url: str) -> bool:
    """Whether it was this database, it has a user, and no migration came or went since."""
    remembered = _remembered(data)
    return may_be_prepared(data) and remembered.get("applied", "") == _applied(url) != ""


def remember(data: Path, url: str) -> None:
    write_private(data / STAMP, json.dumps({"code": _code(), "applied": _applied(url)}))


def _remembered(data: Path) -> dict[str, str]:
    try:
        found = json.loads((data / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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
