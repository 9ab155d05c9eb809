"""PostgreSQL and Redis from wheels, as `bin/up` and these tests start them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import env
from config.local.embedded_postgres import EmbeddedPostgres, PostgresError
from config.local.embedded_redis import redis_url
from config.local.sockets import LONGEST, socket_folder
from config.local.tied_process import tied
from tests.embedded import Postgres, start_redis


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user may reach, whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_postgresql_keeps_its_data_and_a_new_start_ends_one_that_is_left_over(folder: Path) -> None:
    deep = folder / "Überraschung & 100 % more" / ("x" * 150)
    first = Postgres(deep)
    with psycopg.connect(first.url, autocommit=True) as connection:
        connection.execute("create table stored (n int)")
        connection.execute("insert into stored values (7)")
    second = Postgres(deep)
    try:
        assert first.process.wait(10) == 0
        assert second.url == first.url
        assert (deep / "postgresql").stat().st_mode & 0o077 == 0
        with psycopg.connect(second.url) as connection:
            assert connection.execute("select n from stored").fetchone() == (7,)
            assert connection.execute("select current_database()").fetchone() == ("causebook",)
            assert connection.execute("show work_mem").fetchone() == ("32MB",)
            assert connection.execute("show random_page_cost").fetchone() == ("1.1",)
            assert connection.execute("show listen_addresses").fetchone() == ("",)
    finally:
        second.stop()


def test_data_of_another_postgresql_is_left_as_it_is(folder: Path) -> None:
    (folder / "postgresql").mkdir()
    (folder / "postgresql" / "PG_VERSION").write_text("16\n")
    with pytest.raises(PostgresError, match=r"of PostgreSQL 16, this release has 18\."):
        EmbeddedPostgres(folder).prepare()
    assert [path.name for path in (folder / "postgresql").iterdir()] == ["PG_VERSION"]


def test_the_redis_server_answers_at_its_url_and_leaves_no_port_open(folder: Path) -> None:
    deep = folder / "not yet" / "ä"
    process = start_redis(deep)
    try:
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100)
        client = redis.Redis.from_url(redis_url(deep), retry=retry)
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
    finally:
        process.kill()
        process.wait()


def test_sockets_lie_in_the_folder_unless_their_name_is_too_long_for_one(tmp_path: Path) -> None:
    near = Path("/srv/causebook")
    assert socket_folder(near) == near
    deep, deeper = tmp_path / ("ü" * 50), tmp_path / ("y" * 100)
    for each in (deep, deeper):
        # The system takes up to 107 bytes.
        assert len(os.fsencode(socket_folder(each) / ".s.PGSQL.5432")) <= LONGEST
        assert socket_folder(each).stat().st_mode & 0o077 == 0
    assert socket_folder(deep) == socket_folder(deep)
    assert socket_folder(deep) != socket_folder(deeper)


def test_a_folder_for_sockets_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("z" * 100)
    short = socket_folder(deep)
    short.rmdir()
    short.symlink_to(tmp_path)
    try:
        with pytest.raises(PermissionError, match=r"belongs to somebody else\. Remove it"):
            socket_folder(deep)
    finally:
        short.unlink()


def test_a_tied_process_ends_when_its_parent_is_killed() -> None:
    script = (
        "import subprocess, sys\n"
        "from config.local.tied_process import tied\n"
        "child = subprocess.Popen(tied(['sleep', '60']), stdout=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    python = [sys.executable, "-c", script]
    with subprocess.Popen(
        python, cwd=env.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        # Until it has become `sleep`, it is not tied yet.
        while b"sleep" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
            pass
        parent.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}/cmdline").exists() or not _runs(pid):
            return
        time.sleep(0.05)
    pytest.fail("It runs on.")


def test_a_tied_process_is_not_started_when_its_parent_has_ended_already() -> None:
    # A shell between the two stands for whoever adopts what lost its parent.
    started = " ".join(tied(["echo", "it runs"]))
    ran = subprocess.run(
        tied(["sh", "-c", f"sh -c '{started}; true'; true"]),
        cwd=env.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == ""
    assert "echo is not started: process" in ran.stderr

    directly = subprocess.run(
        tied(["sh", "-c", started]), cwd=env.ROOT, capture_output=True, text=True, check=True
    )
    assert directly.stdout == "it runs\n"


def _runs(pid: int) -> bool:
    """Whether a process is more than an entry that nobody has reaped."""
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
