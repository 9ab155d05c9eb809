"""A start prepares a database only where code, migrations or the database are others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from config import env
from config.local import prepared
from tests import servers

TABLES = """
    CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz);
    CREATE TABLE auth_user (id int);
    INSERT INTO django_migrations VALUES (1, 'kb', '0001_initial', now());
    INSERT INTO auth_user VALUES (1);
"""


@pytest.fixture
def url() -> Iterator[str]:
    with psycopg.connect(servers.DATABASE_URL, autocommit=True) as server:
        server.execute("CREATE DATABASE of_prepared")
        found = urlunsplit(urlsplit(servers.DATABASE_URL)._replace(path="/of_prepared"))
        try:
            run(found, TABLES)
            yield found
        finally:
            server.execute("DROP DATABASE of_prepared WITH (FORCE)")


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the product."""
    monkeypatch.setattr(env, "ROOT", tmp_path)
    file = tmp_path / "kb" / "models.py"
    file.parent.mkdir()
    file.write_text("")
    return file


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_a_database_is_prepared_once_for_the_same_code(
    url: str, code: Path, tmp_path: Path
) -> None:
    assert not prepared.may_be_prepared(tmp_path)
    assert not prepared.is_prepared(tmp_path, url)
    prepared.remember(tmp_path, url)
    assert prepared.may_be_prepared(tmp_path)
    assert prepared.is_prepared(tmp_path, url)

    code.write_text("changed = True")
    assert not prepared.may_be_prepared(tmp_path)
    assert not prepared.is_prepared(tmp_path, url)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE django_migrations SET applied = now()",
        "INSERT INTO django_migrations VALUES (2, 'kb', '0002_more', now())",
        "DELETE FROM django_migrations",
        "DELETE FROM auth_user",
        "DROP TABLE django_migrations",
    ],
    ids=["restored", "migrated by another version", "emptied", "nobody left", "another database"],
)
def test_a_database_that_changed_is_prepared_again(
    url: str, code: Path, tmp_path: Path, change: str
) -> None:
    prepared.remember(tmp_path, url)
    run(url, change)
    assert prepared.may_be_prepared(tmp_path)
    assert not prepared.is_prepared(tmp_path, url)
    prepared.remember(tmp_path, url)
    expected = "migrations VALUES" in change or "now()" in change
    assert prepared.is_prepared(tmp_path, url) == expected


@pytest.mark.parametrize("stamp", ["", "{", "[]", "1", '{"code": 1}'])
def test_a_damaged_stamp_counts_as_none(url: str, code: Path, tmp_path: Path, stamp: str) -> None:
    (tmp_path / prepared.STAMP).write_text(stamp)
    assert not prepared.is_prepared(tmp_path, url)
