from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.world.faults import Episodes
from demo.world.server import make_server
from demo.world.telemetry import World


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    return Episodes(tmp_path / "faults.json")


@pytest.fixture
def address(episodes: Episodes) -> Iterator[str]:
    """Where the demo world is served, on a port of its own."""
    server = make_server(World(episodes), 0)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
