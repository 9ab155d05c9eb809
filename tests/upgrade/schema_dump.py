"""Writes config/new_database/schema.sql anew: python -m tests.upgrade.schema_dump

Worth doing when many migrations came since; a database may begin with an older one as well.
"""

from __future__ import annotations

import gc
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.new_database import SCHEMA
from tests import servers

MADE_BY_MIGRATE = ("django_content_type", "auth_permission")
"""Tables that the command fills at its end, whatever was in them."""
APPLIED = re.compile(r"(INSERT INTO public\.django_migrations VALUES \()\d+")
"""Migrations may be applied in another order, with other numbers."""
CAST_ONE, CAST_ALL = (
    re.compile(r"\(('[^']*'::\w[\w ]*)\)::text"),
    re.compile(r"\((ARRAY\[.*?\])\)::text\[\]"),
)
"""PostgreSQL writes the same list of texts in two ways, as it was written or as it was restored."""
NOT_SCHEMA = re.compile(r"--|\\|SET |SELECT pg_catalog\.set_config|.*_seq', 1, false\);$|\s*$")
"""Lines for psql, comments, settings of the session, and sequences that are new."""
TIME = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^']*'")


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """The URL of an empty database that Django is connected to meanwhile."""
    with psycopg.connect(servers.DATABASE_URL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        former = connection.settings_dict["NAME"]
        _connect_to(name)
        try:
            yield urlunsplit(urlsplit(servers.DATABASE_URL)._replace(path=f"/{name}"))
        finally:
            _connect_to(former)
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def apply_migrations() -> None:
    """All that are left, and nothing of what the command does before and after them."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@contextmanager
def without_collection() -> Iterator[None]:
    """Django computes thousands of former models, which would be looked through again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def schema_of(url: str, rows: bool = True) -> str:
    """A database as SQL that any connection can run; its rows are of the time it is run at."""
    assert servers.postgres is not None
    program = str(servers.postgres.bin_path / "pg_dump")
    pg_dump = [program, "--no-owner", "--no-privileges", "--inserts"]
    without = [f"--exclude-table-data={table}" for table in MADE_BY_MIGRATE]
    if not rows:
        without = ["--schema-only"]
    done = subprocess.run([*pg_dump, *without, url], check=True, capture_output=True, text=True)
    lines = []
    in_text = False
    for line in done.stdout.splitlines():
        # The text of a row may have lines that look like others.
        if in_text or not NOT_SCHEMA.match(line):
            lines.append(TIME.sub("now()", line) if line.startswith("INSERT ") else line)
        in_text ^= line.count("'") % 2 == 1
    return "\n".join([*lines, ""])


def steady(schema: str) -> list[str]:
    """Its lines without what differs between two ways to the same database."""
    lines = [APPLIED.sub(r"\1", line) for line in schema.splitlines()]
    return sorted(CAST_ALL.sub(r"\1", CAST_ONE.sub(r"\1", line)) for line in lines)


if __name__ == "__main__":
    django.setup()
    with without_collection(), new_database("from_migrations") as url:
        apply_migrations()
        SCHEMA.write_text(schema_of(url))
