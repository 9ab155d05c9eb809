"""A start prepares a database only where code, migrations or the database are others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from config import env
from config.local.prepared import STAMP, Prepared
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
    assert not Prepared(tmp_path).by_this_code
    assert not Prepared(tmp_path).is_so(url)
    Prepared(tmp_path).remember(url)
    assert Prepared(tmp_path).by_this_code
    assert Prepared(tmp_path).is_so(url)

    code.write_text("changed = True")
    assert not Prepared(tmp_path).by_this_code
    assert not Prepared(tmp_path).is_so(url)


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
    Prepared(tmp_path).remember(url)
    run(url, change)
    assert Prepared(tmp_path).by_this_code
    assert not Prepared(tmp_path).is_so(url)
    Prepared(tmp_path).remember(url)
    expected = "migrations VALUES" in change or "now()" in change
    assert Prepared(tmp_path).is_so(url) == expected


@pytest.mark.parametrize("stamp", ["", "{", "[]", "1", '{"code": 1}'])
def test_a_damaged_stamp_counts_as_none(url: str, code: Path, tmp_path: Path, stamp: str) -> None:
    (tmp_path / STAMP).write_text(stamp)
    assert not Prepared(tmp_path).is_so(url)
