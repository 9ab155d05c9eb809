"""A migrated database, saved for the next run: all migrations together take some 15 seconds."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests import servers

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "causebook_migrated"


def saved_file(cache: Path) -> Path:
    """Where the database is saved that today's migrations make; it may not exist yet."""
    made_by = hashlib.sha256()
    # Rows that every new database begins with come from `defaults.py`.
    for pattern in ("*/migrations/*.py", "*/defaults.py", "requirements-dev.txt"):
        for path in sorted(ROOT.glob(pattern)):
            made_by.update(path.read_bytes())
    return cache / f"{made_by.hexdigest()[:16]}.sql"


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """One process at a time: those that wait find the database that the first saved."""
    with file.with_name("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def save(name: str, file: Path) -> None:
    """Save the database `name`, in place of those that former migrations made."""
    for old in file.parent.glob("*.sql"):
        old.unlink(missing_ok=True)
    draft = file.with_suffix(f".{servers.FOLDER.name}")
    _run("pg_dump", "--file", str(draft), _url(name))
    draft.replace(file)


def restore(file: Path) -> str:
    """The name of a database with what was saved, for others to be made from."""
    with psycopg.connect(servers.DATABASE_URL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    restore_into(_url(TEMPLATE), file)
    return TEMPLATE


def restore_into(url: str, file: Path) -> None:
    """Fill an empty database of any server with what was saved."""
    _run("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file), url)


def _url(name: str) -> str:
    return urlunsplit(urlsplit(servers.DATABASE_URL)._replace(path=f"/{name}"))


def _run(program: str, *arguments: str) -> None:
    assert servers.postgres is not None
    path = servers.postgres.bin_path / program
    subprocess.run([path, *arguments], check=True, stdout=subprocess.DEVNULL)
