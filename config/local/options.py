"""The options of bin/up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

WORLD_ABOVE = 1810
"""The demo shop's port lies so far above the product's, so that two demos run side by side."""
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Options:
    demo: bool
    host: str
    port: int
    world_port: int
    workers: int
    status: bool

    @property
    def shown_host(self) -> str:
        """The host name for a browser on this machine."""
        host = "localhost" if self.host in ("127.0.0.1", *EVERYWHERE) else self.host
        return f"[{host}]" if ":" in host else host

    @property
    def address(self) -> str:
        return f"http://{self.shown_host}:{self.port}"

    @property
    def bound_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="bin/up", description="Start Causebook on this host.")
    parser.add_argument("--demo", action="store_true", help="with a demo shop and its history")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--world-port", type=int,
        help=f"where the demo shop's telemetry is served (by default --port + {WORLD_ABOVE})",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, help="Celery worker processes")
    parser.add_argument(
        "--status", action="store_true", help="say what runs from the data folder, and end"
    )
    given = parser.parse_args(arguments)
    if given.world_port is None:
        above = given.port + WORLD_ABOVE
        given.world_port = above if above < 65536 else given.port - WORLD_ABOVE
    return Options(**vars(given))


def fail(sentence: str) -> NoReturn:
    """End with a sentence that says what to do, without a traceback."""
    print(sentence, file=sys.stderr)
    raise SystemExit(1)
