"""A backup of one PostgreSQL becomes the same product on another, in another folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from config import env
from config.backup import servers
from tests.config.backup import world
from tests.embedded import Postgres

PASSPHRASE = "correct horse battery staple"
KEY, OTHER_KEY = "the-key-of-the-first-host", "the-key-of-another-host"
FIRST = "backup_first_host"
KEEPER, OTHER_NAME = "keeper", "knowledge base"
"""A role that is no superuser, and the database it restores to."""

pytestmark = pytest.mark.usefixtures("outside_transactions")


@dataclass
class Backup:
    path: Path
    pages: dict[str, str]
    cookies: SimpleCookie
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
        patch.setattr("django.conf.settings.BACKUP_PASSPHRASE", PASSPHRASE)
        patch.setenv("EMAIL_HOST", "mail.example.com")
        patch.setenv("EMAIL_HOST_PASSWORD", "hush-mail")
        template = str(connection.settings_dict["NAME"])
        connection.close()
        with servers.maintenance() as server:
            server.execute(f'CREATE DATABASE "{FIRST}" TEMPLATE "{template}"')
        try:
            with world.connected(NAME=FIRST):
                cookies = world.fill()
                path = folder / "of first host.tar"
                made = StringIO()
                call_command("backup", to=str(path), stdout=made)
                assert "with its keys" in made.getvalue()
                pages = world.pages(cookies)
            patch.undo()
            yield Backup(path, pages, cookies, folder)
        finally:
            servers.drop_database(FIRST)


@dataclass
class Host:
    """Another host: its own folder and PostgreSQL."""

    data: Path
    postgres: Postgres

    def connected(self, name: str = "causebook", user: str = "postgres") -> Any:
        socket = str(self.postgres.server.sockets)
        return world.connected(NAME=name, USER=user, HOST=socket, PORT="", PASSWORD="")

    def databases(self) -> set[str]:
        with psycopg.connect(self.postgres.server.url("postgres")) as server:
            return {name for (name,) in server.execute("SELECT datname FROM pg_database")}


@pytest.fixture(scope="module")
def second(backup: Backup) -> Iterator[Host]:
    """Where nothing was before bin/restore."""
    data = backup.folder / "Zweiter Höst & more"
    removed = ("DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
    inherited = {name: value for name, value in os.environ.items() if name not in removed}
    done = subprocess.run(
        [sys.executable, "-m", "config.local.with_database", "restore", str(backup.path)],
        cwd=env.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        env={**inherited, "CAUSEBOOK_DATA_DIR": str(data), "BACKUP_PASSPHRASE": PASSPHRASE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    host = Host(data, Postgres(data))
    with psycopg.connect(host.postgres.server.url("postgres"), autocommit=True) as server:
        server.execute(f"CREATE ROLE {KEEPER} LOGIN CREATEDB")
        server.execute("CREATE ROLE reader LOGIN")
    try:
        yield host
    finally:
        host.postgres.stop()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """An empty data folder, and no key in a variable."""
    monkeypatch.setenv("CAUSEBOOK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SECRET_KEY")
    settings.DATA_DIR = tmp_path
    return tmp_path


def restore(path: Path, **options: Any) -> tuple[str, str]:
    output, errors = StringIO(), StringIO()
    call_command("restore", str(path), stdout=output, stderr=errors, **options)
    return output.getvalue(), errors.getvalue()


def keys_check() -> Any:
    with world.uncached():
        return Client().get("/readyz").json()["checks"]["keys"]


def test_everything_that_is_served_is_the_same_on_a_host_that_had_nothing(
    backup: Backup, second: Host, settings: Any
) -> None:
    settings.SECRET_KEY = (second.data / "secret-key").read_text()
    assert settings.SECRET_KEY == KEY
    assert (second.data / "secret-key").stat().st_mode & 0o077 == 0
    with second.connected():
        restored = world.pages(backup.cookies)
        assert len(backup.pages) > 15
        assert {page[:3] for page in backup.pages.values()} == {"200"}
        for path, page in backup.pages.items():
            assert restored[path] == page, path
        suggestions = next(page for path, page in restored.items() if "suggestions" in path)
        assert "Query without an index" in suggestions
        assert world.secrets() == [
            world.SECRET,
            {"password": "hush-hush"},
            {"secret": "hush-signing", "bot_token": "xoxb-1"},
            {"token": "hush-jira", "webhook_secret": "hush-hook"},
        ]
        assert world.deliver() in (200, 202)
        assert keys_check() == "ok"
    lines = (second.data / "settings-of-backup.env").read_text()
    assert lines == "EMAIL_HOST=mail.example.com\nEMAIL_HOST_PASSWORD=hush-mail\n"


def test_a_host_with_a_key_of_its_own_and_another_role_opens_every_secret(
    backup: Backup, second: Host, data: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", OTHER_KEY)
    settings.SECRET_KEY, settings.BACKUP_PASSPHRASE = OTHER_KEY, PASSPHRASE
    with second.connected(OTHER_NAME, KEEPER):
        said, warned = restore(backup.path)
        assert "sealed with this host's SECRET_KEY" in said
        assert warned == ""
        assert world.secrets()[1] == {"password": "hush-hush"}
        assert world.deliver() in (200, 202)
        assert keys_check() == "ok"
    assert not (data / "secret-key").exists()


def test_without_the_key_it_says_what_cannot_be_read_and_is_not_ready(
    backup: Backup, second: Host, data: Path, settings: Any
) -> None:
    (data / "secret-key").write_text(OTHER_KEY)
    settings.SECRET_KEY = OTHER_KEY
    with second.connected("no key"):
        with pytest.raises(CommandError, match=r"set BACKUP_PASSPHRASE .* --without-keys"):
            restore(backup.path)
        assert "no key" not in second.databases()
        _, warned = restore(backup.path, without_keys=True)
        assert "secrets cannot be read" in warned
        assert "1 of sources" in warned
        assert "Restore again with the passphrase" in warned
        assert "nothing proves who wrote this file" in warned
        assert "SECRET_KEY_FALLBACKS" in keys_check()
        assert world.deliver() == 503
        # The cure that was named.
        settings.BACKUP_PASSPHRASE = PASSPHRASE
        said, warned = restore(backup.path, replace=True, yes=True)
        assert warned == ""
        settings.SECRET_KEY = (data / "secret-key").read_text()
        assert world.secrets()[1] == {"password": "hush-hush"}
        assert world.deliver() in (200, 202)
    former = re.search(r"The former database is (\S.*) now", said)
    assert former
    assert former[1] in second.databases()
    assert [path.read_text() for path in data.glob("secret-key-before-*")] == [OTHER_KEY]


def test_a_database_with_something_in_it_is_left_as_it_is(
    backup: Backup, second: Host, data: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    monkeypatch.setattr("builtins.input", lambda _: "causebook?")
    (data / "secret-key").write_text(OTHER_KEY)
    before = second.databases()
    with second.connected():
        with pytest.raises(CommandError, match=r"is not empty\. With --replace"):
            restore(backup.path)
        with pytest.raises(CommandError, match="Nothing was changed"):
            restore(backup.path, replace=True)
        with (
            psycopg.connect(second.postgres.server.url("causebook")),
            pytest.raises(CommandError, match=r"in use by 1 connections\. Stop web"),
        ):
            restore(backup.path, replace=True, yes=True)
        assert world.secrets_count() == 4
    assert second.databases() == before
    assert (data / "secret-key").read_text() == OTHER_KEY


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body[: len(body) // 2], id="cut off"),
        pytest.param(lambda body: body[:9000] + b"\xff" * 99 + body[9099:], id="changed"),
        pytest.param(
            lambda body: body.replace(b'"incidents_incident": 9', b'"incidents_incident": 8'),
            id="its description changed",
        ),
        pytest.param(lambda body: b"", id="empty"),
    ],
)
def test_a_broken_file_changes_nothing_and_the_cure_is_said(
    backup: Backup, second: Host, data: Path, settings: Any, tmp_path: Path, spoil: Any
) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    broken = tmp_path / "broken.tar"
    broken.write_bytes(spoil(backup.path.read_bytes()))
    before = second.databases()
    with second.connected():
        with pytest.raises(CommandError, match=r"Nothing was changed\. .*[Uu]se another backup\."):
            restore(broken, replace=True, yes=True)
        assert world.secrets_count() == 4
    assert second.databases() == before


def test_a_backup_that_does_not_restore_leaves_no_trace(
    backup: Backup, second: Host, data: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    (data / "secret-key").write_text(OTHER_KEY)
    before = second.databases()

    def full(*_: Any) -> str:
        raise psycopg.errors.DiskFull("no space left on device")

    # The last step, when all the others have worked.
    monkeypatch.setattr("config.backup.restoring._take_place", full)
    with second.connected(), pytest.raises(CommandError, match="nothing was changed: no space"):
        restore(backup.path, replace=True, yes=True)
    assert second.databases() == before
    assert (data / "secret-key").read_text() == OTHER_KEY


def test_a_check_restores_into_a_scratch_database_and_drops_it(
    backup: Backup, second: Host, settings: Any
) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    before = second.databases()
    output = StringIO()
    with second.connected(user=KEEPER):
        call_command("backup", check=str(backup.path), stdout=output)
    assert "can be restored" in output.getvalue()
    assert second.databases() == before


def test_a_scheduled_backup_is_tried_before_an_old_one_is_deleted(
    second: Host, data: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRET_KEY, settings.BACKUP_PASSPHRASE = KEY, PASSPHRASE
    settings.BACKUP_TO, settings.BACKUP_RETAINED = str(data / "copies"), 1
    old = data / "copies" / "causebook-20200101T000000Z.tar"
    old.parent.mkdir()
    old.touch()
    before = second.databases()
    with second.connected():
        with monkeypatch.context() as patch:
            patch.setattr("config.backup.restoring._fill", lambda *_: psycopg.connect("host=/no"))
            with pytest.raises(CommandError, match="nothing was changed"):
                call_command("backup", scheduled=True)
        assert list(old.parent.iterdir()) == [old]
        call_command("backup", scheduled=True, stdout=StringIO())
    assert not old.exists()
    assert len(list(old.parent.iterdir())) == 1
    assert second.databases() == before


def test_a_role_that_may_not_create_databases_learns_the_cure(
    backup: Backup, second: Host, settings: Any
) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    with (
        second.connected(user="reader"),
        pytest.raises(CommandError, match="ALTER ROLE reader CREATEDB;"),
    ):
        call_command("backup", check=str(backup.path))


def test_a_backup_of_a_newer_version_is_refused(
    backup: Backup, second: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.backup.restoring.VERSION", "0.1.9")
    with second.connected(), pytest.raises(CommandError, match=r"newer than this one \(0\.1\.9\)"):
        call_command("backup", check=str(backup.path))


def test_the_file_is_for_its_owner_alone_and_holds_no_secret_readably(backup: Backup) -> None:
    assert backup.path.stat().st_mode & 0o777 == 0o600
    listed = subprocess.run(["tar", "tf", backup.path], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["database.dump", "keys.sealed", "manifest.json"]
    body = backup.path.read_bytes()
    assert KEY.encode() not in body
    assert b"hush" not in body
    assert PASSPHRASE.encode() not in body
    assert [path.name for path in backup.path.parent.glob(".*")] == []


def test_a_backup_with_the_wrong_key_is_not_made(
    backup: Backup, second: Host, settings: Any
) -> None:
    settings.SECRET_KEY, settings.BACKUP_PASSPHRASE = "not the key of the web", PASSPHRASE
    target = backup.folder / "wrong key.tar"
    with second.connected():
        with pytest.raises(CommandError, match="the wrong key"):
            call_command("backup", to=str(target))
        settings.BACKUP_PASSPHRASE = ""
        errors = StringIO()
        call_command("backup", to=str(target), stdout=StringIO(), stderr=errors)
    assert "without SECRET_KEY the secrets" in errors.getvalue()
    assert "cannot be read with this SECRET_KEY" in errors.getvalue()


@pytest.mark.django_db
def test_an_empty_database_is_no_backup(second: Host, tmp_path: Path) -> None:
    # Marked, so that the database of the tests is made also for this file alone.
    with second.connected("postgres"), pytest.raises(CommandError, match="nothing to back up"):
        call_command("backup", to=str(tmp_path / "empty.tar"))
    assert list(tmp_path.iterdir()) == []
