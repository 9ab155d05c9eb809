"""Migrations run while the web server serves: they wait shortly, and try again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.backup import servers
from config.management.commands import migrate
from tests.config.backup import world

COPY = "migrated_beside_web"


@pytest.fixture
def copy(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Django works on a copy of the database that others use too."""
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 0.1)
    monkeypatch.setattr(migrate, "PAUSE", 0.3)
    with django_db_blocker.unblock():
        template = connection.settings_dict["NAME"]
        connection.close()
        with servers.maintenance() as server:
            server.execute(f'CREATE DATABASE "{COPY}" TEMPLATE "{template}"')
        try:
            with world.connected(NAME=COPY):
                yield
        finally:
            servers.drop_database(COPY)


def test_pages_go_on_while_a_migration_waits_for_a_table(copy: None) -> None:
    waits: list[float] = []
    done = threading.Event()
    reader = psycopg.connect(**servers.address(COPY))
    reader.execute("SELECT count(*) FROM practice_slo")  # a report that reads for long

    class UntilItTriesAgain(StringIO):
        def write(self, text: str) -> int:
            reader.rollback()
            return super().write(text)

    def serve() -> None:
        with psycopg.connect(**servers.address(COPY), autocommit=True) as page:
            while not done.wait(0.02):
                began = time.monotonic()
                page.execute("SELECT count(*) FROM practice_slo")
                waits.append(time.monotonic() - began)

    serving = threading.Thread(target=serve)
    serving.start()
    said = UntilItTriesAgain()
    call_command("migrate", "practice", "0002", verbosity=0, stderr=said)
    done.set()
    serving.join()
    reader.close()
    assert "trying again" in said.getvalue()
    assert len(waits) > 5
    assert max(waits) < 3.0
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_table_that_is_never_free_ends_it_with_the_cure(
    copy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "ATTEMPTS", 2)
    with psycopg.connect(**servers.address(COPY)) as reader:
        reader.execute("SELECT count(*) FROM practice_slo")
        with pytest.raises(CommandError, match="pg_stat_activity"):
            call_command("migrate", "practice", "0002", verbosity=0, stderr=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations WHERE name = '0003_any_window'")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_the_database_of_the_tests_is_there() -> None:
    """Marked, so that it is made also for this file alone."""
    assert "practice_slo" in connection.introspection.table_names()
