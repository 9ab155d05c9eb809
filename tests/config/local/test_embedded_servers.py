"""PostgreSQL and Redis from wheels, as `bin/up` and these tests start them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.local import embedded_servers


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user may reach, whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_postgresql_starts_once_and_is_found_again_with_its_database(folder: Path) -> None:
    server, url = embedded_servers.start_postgres(folder)
    try:
        with psycopg.connect(url, autocommit=True) as first:
            first.execute("create table stored (n int)")
            first.execute("insert into stored values (7)")
        _, again = embedded_servers.start_postgres(folder)
        assert again == url
        with psycopg.connect(again) as second:
            assert second.execute("select n from stored").fetchone() == (7,)
            assert second.execute("select current_database()").fetchone() == ("causebook",)
            assert second.execute("show work_mem").fetchone() == ("32MB",)
    finally:
        server.cleanup()


def test_the_redis_server_answers_at_its_url_and_leaves_no_port_open(folder: Path) -> None:
    process = embedded_servers.start_redis(folder / "not" / "yet")
    try:
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100)
        client = redis.Redis.from_url(
            embedded_servers.redis_url(folder / "not" / "yet"), retry=retry
        )
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
    finally:
        process.kill()
        process.wait()


def test_the_socket_lies_in_the_folder_unless_its_name_is_too_long_for_one(tmp_path: Path) -> None:
    assert embedded_servers.redis_socket(Path("/srv/causebook")) == Path(
        "/srv/causebook/redis.sock"
    )
    deep, deeper = tmp_path / ("x" * 100), tmp_path / ("y" * 100)
    # The system takes up to 107 bytes.
    assert len(str(embedded_servers.redis_socket(deep))) < 100
    assert embedded_servers.redis_socket(deep) == embedded_servers.redis_socket(deep)
    assert embedded_servers.redis_socket(deep) != embedded_servers.redis_socket(deeper)
    assert str(embedded_servers.redis_socket(deep)) in embedded_servers.redis_command(deep)
