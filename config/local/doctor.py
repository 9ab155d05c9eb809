"""bin/doctor: what is wrong with a run of bin/up, or would be, and the cure.

It changes nothing, and works whether or not Causebook runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis
from redis.exceptions import RedisError

from config import env
from config.local.claim import Run, State, run_in, state_of
from config.local.embedded_postgres import LOG as POSTGRES_LOG
from config.local.embedded_postgres import VERSION as POSTGRES_VERSION
from config.local.embedded_postgres import last_failure
from config.local.probes import database_problem, port_problem
from config.local.supervision import states

LEAST_DISK, LEAST_MEMORY = 500_000_000, 600_000_000
"""Bytes: PostgreSQL stops at a full disk, and without memory the system ends processes."""
OK, ILL = 0, 1


@dataclass(frozen=True)
class Problem:
    what: str
    cure: str


@dataclass(frozen=True)
class Host:
    """What is looked at."""

    data: Path
    run: Run | None
    """of bin/up, where it runs"""
    port: int
    """where it would listen"""

    @property
    def folder(self) -> Path:
        """The data folder, or where it would be made."""
        return next(path for path in (self.data, *self.data.parents) if path.exists())


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/doctor", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=int, default=8000, help="the port that bin/up is to use")
    data = env.data_dir().resolve()
    run = run_in(data) if state_of(data) is State.RUNS else None
    host = Host(data, run, parser.parse_args().port)
    print(f"Causebook runs: {run.address}/" if run else f"Causebook does not run from {data}.")
    found = False
    for name, check in CHECKS.items():
        problems = list(check(host))
        found = found or bool(problems)
        print(f"  {'ill' if problems else 'ok':4}{name}")
        for problem in problems:
            print(f"      {problem.what}\n      → {problem.cure}")
    return ILL if found else OK


def _folder(host: Host) -> Iterator[Problem]:
    try:
        tempfile.TemporaryFile(dir=host.folder).close()
    except OSError as error:
        yield Problem(
            f"{host.folder} cannot be written ({error.strerror}).",
            "Make it writable, or set CAUSEBOOK_DATA_DIR to a folder that is.",
        )


def _disk(host: Host) -> Iterator[Problem]:
    free = shutil.disk_usage(host.folder).free
    if free < LEAST_DISK:
        yield Problem(
            f"{free / 1e6:.0f} MB are free at {host.folder}, where PostgreSQL writes.",
            "Free some, or store for fewer days (docs/retention.md). It goes on by itself then.",
        )


def _memory(_: Host) -> Iterator[Problem]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return  # Not Linux.
    available = {line.split(":")[0]: line.split()[1] for line in lines}.get("MemAvailable")
    if available and int(available) * 1024 < LEAST_MEMORY:
        yield Problem(
            f"{int(available) / 1e3:.0f} MB of memory are available.",
            "End what else runs, or start with fewer processes: bin/up --workers 1.",
        )


def _settings(host: Host) -> Iterator[Problem]:
    environment = {"DATABASE_URL": "postgresql://nobody@/none", **os.environ}
    if "SECRET_KEY_FILE" not in environment:
        # Without one it would generate a key, and hide that the former is lost.
        environment.setdefault("SECRET_KEY", "only-to-read-the-settings")
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=env.ROOT, env={**environment, "CAUSEBOOK_DATA_DIR": str(host.data)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["manage.py check ended without a word."]
        yield Problem(said[-1], "Correct the variable that it names: docs/settings.md.")


def _key(host: Host) -> Iterator[Problem]:
    given = os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")
    if (host.data / "postgresql").exists() and not given and not _has_key(host.data):
        yield Problem(
            f"There is a database, and no {host.data / env.KEY_FILE}: "
            "what it sealed cannot be read.",
            "Put the file back from a backup (docs/backup.md), or set SECRET_KEY to what it was.",
        )


def _has_key(data: Path) -> bool:
    try:
        return bool((data / env.KEY_FILE).read_text())
    except OSError:
        return False


def _database(host: Host) -> Iterator[Problem]:
    if url := env.secret("DATABASE_URL"):
        if reason := database_problem(url):
            yield Problem(f"DATABASE_URL: {reason}", "Start that server, or correct the URL.")
        return
    version = host.data / "postgresql" / "PG_VERSION"
    try:
        found = version.read_text().strip()
    except OSError:
        return
    if found != POSTGRES_VERSION:
        yield Problem(
            f"The data is of PostgreSQL {found}, this release has {POSTGRES_VERSION}.",
            "docs/deploy.md says how to move it.",
        )
    if host.run:
        for each in states(host.data):
            if each.name == "postgresql" and not each.runs:
                said = last_failure(host.data) or "(nothing)"
                yield Problem(
                    f"PostgreSQL does not run. {host.data / POSTGRES_LOG}: {said}",
                    "See the line above; bin/up tries again.",
                )


def _redis(_: Host) -> Iterator[Problem]:
    url = env.secret("REDIS_URL")
    if not url or os.environ.get("REDIS_SENTINELS"):
        return
    try:
        Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3).ping()
    except (RedisError, OSError, ValueError) as error:
        yield Problem(f"REDIS_URL: {error}", "Start that server, or correct the URL.")


def _port(host: Host) -> Iterator[Problem]:
    if host.run is None and (reason := port_problem("127.0.0.1", host.port)):
        yield Problem(
            f"Port {host.port} cannot be used ({reason}).",
            "Stop the program that has it, or choose another: bin/up --port.",
        )


def _processes(host: Host) -> Iterator[Problem]:
    if host.run is None:
        return
    found = states(host.data)
    if not found:
        yield Problem("The supervisor does not answer.", "Wait a moment, or start bin/up again.")
    for each in found:
        if not each.runs:
            yield Problem(
                f"{each.name} is {each.state}.", "The output of bin/up says why; it tries again."
            )


def _pages(host: Host) -> Iterator[Problem]:
    if host.run is None:
        return
    address = f"{host.run.address}/readyz?strict=1"
    try:
        answer = httpx.get(address, timeout=10, trust_env=False, follow_redirects=False)
        checks = json.loads(answer.text)["checks"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        yield Problem(f"{address} does not answer.", "The output of bin/up says why.")
        return
    for name, problem in checks.items():
        if problem != "ok":
            yield Problem(f"{name}: {problem}", "docs/observability.md has what to do for each.")


CHECKS: dict[str, Callable[[Host], Iterator[Problem]]] = {
    "data folder": _folder,
    "disk": _disk,
    "memory": _memory,
    "settings": _settings,
    "secret key": _key,
    "database": _database,
    "redis": _redis,
    "port": _port,
    "processes": _processes,
    "pages, webhooks and background work": _pages,
}


if __name__ == "__main__":
    raise SystemExit(main())
