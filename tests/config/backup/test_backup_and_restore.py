"""A backup of one PostgreSQL becomes the same product on another, in another folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from common import process_cache
from config import env
from config.backup import servers
from tests.config.backup import world
from tests.embedded import Postgres

PASSPHRASE = "correct horse battery staple"
KEY = "the-key-of-the-first-host"
FIRST = "backup_first_host"

pytestmark = pytest.mark.usefixtures("outside_transactions")


@dataclass
class Backup:
    path: Path
    pages: dict[str, str]
    folder: Path
    """for whatever else the tests write"""


@pytest.fixture(scope="module")
def outside_transactions(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture(scope="module")
def backup(outside_transactions: None) -> Iterator[Backup]:
    """A filled database of the first host, and the file that was made of it."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        # PostgreSQL's own user must get through to its folder.
        folder.chmod(0o755)
        patch.setattr("django.conf.settings.SECRET_KEY", KEY)
        template = str(connection.settings_dict["NAME"])
        connection.close()
        with servers.maintenance() as server:
            server.execute(f'CREATE DATABASE "{FIRST}" TEMPLATE "{template}"')
        try:
            with world.connected(NAME=FIRST):
                world.fill()
                path = folder / "of first host.tar"
                done = manage(
                    folder / "first", "backup", "--to", str(path), DATABASE_URL=url_of(FIRST),
                    SECRET_KEY=KEY, BACKUP_PASSPHRASE=PASSPHRASE,
                    EMAIL_HOST="mail.example.com", EMAIL_HOST_PASSWORD="hush-mail",
                )  # fmt: skip
                assert done.returncode == 0, done.stderr
                assert "with its keys" in done.stdout
                yield Backup(path, world.pages(), folder)
        finally:
            servers.drop_database(FIRST)


def url_of(database: str, user: str = "") -> str:
    found = connection.get_connection_params()
    return f"postgresql://{user or found['user']}@/{database}?host={found['host']}"


def manage(data: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "manage.py", *words], data, variables)


def run(
    command: list[str], data: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    removed = ("DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
    inherited = {name: value for name, value in os.environ.items() if name not in removed}
    return subprocess.run(
        command, cwd=env.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env={**inherited, "CAUSEBOOK_DATA_DIR": str(data), **variables}, timeout=120,
    )  # fmt: skip


@dataclass
class Host:
    """Another host: its own folder, PostgreSQL and key."""

    data: Path
    postgres: Postgres

    @property
    def socket(self) -> str:
        return str(self.postgres.server.sockets)


@pytest.fixture(scope="module")
def second(backup: Backup) -> Iterator[Host]:
    """Where nothing was before bin/restore."""
    data = backup.folder / "Zweiter Host & more"
    done = run(
        [sys.executable, "-m", "config.local.with_database", "restore", str(backup.path)], data,
        {"BACKUP_PASSPHRASE": PASSPHRASE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    host = Host(data, Postgres(data))
    try:
        yield host
    finally:
        host.postgres.stop()


def test_everything_that_is_served_is_the_same_on_a_host_that_had_nothing(
    backup: Backup, second: Host, settings: Any
) -> None:
    settings.SECRET_KEY = (second.data / "secret-key").read_text()
    assert settings.SECRET_KEY == KEY
    assert (second.data / "secret-key").stat().st_mode & 0o077 == 0
    with world.connected(NAME="causebook", HOST=second.socket, USER="postgres", PORT=""):
        restored = world.pages()
        assert len(backup.pages) > 15
        assert {page[:3] for page in backup.pages.values()} == {"200"}
        for path, page in backup.pages.items():
            assert restored[path] == page, path
        assert "Query without an index" in restored["/api/v1/causes/"]
        assert world.secrets()[1:] == [
            {"password": "hush-hush"},
            {"secret": "hush-signing", "bot_token": "xoxb-1"},
        ]
        assert world.deliver() in (200, 202)
        answer = Client().get("/readyz").json()
        assert {answer["checks"][name] for name in ("keys", "migrations")} == {"ok"}
    lines = (second.data / "settings-of-backup.env").read_text()
    assert lines == "EMAIL_HOST=mail.example.com\nEMAIL_HOST_PASSWORD=hush-mail\n"
