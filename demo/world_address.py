"""Where the demo shop's telemetry is served."""

from __future__ import annotations

from config import env

DEFAULT_WORLD = "http://127.0.0.1:9810"


def world_address() -> str:
    """Of the demo that bin/up runs from the data folder, else the default one."""
    return env.server_url("CAUSEBOOK_DEMO_WORLD", DEFAULT_WORLD)
