"""A new database begins with a schema file and is the same as after all migrations, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from config.new_database import load_schema
from tests.sizes import LONG
from tests.upgrade.schema_dump import (
    apply_migrations,
    new_database,
    schema_of,
    steady,
    without_collection,
)


@pytest.fixture
def empty(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), new_database("of_schema_dump") as url:
        yield url


@pytest.mark.skipif(not LONG, reason="It takes half a minute: set CAUSEBOOK_TEST_LOAD=1.")
def test_the_schema_file_leads_where_all_migrations_lead(
    empty: str, django_db_blocker: Any
) -> None:
    """With the rows that migrations write; without, each upgrade test compares them."""
    assert load_schema(connection)
    apply_migrations()
    from_file = schema_of(empty)
    with (
        without_collection(),
        django_db_blocker.unblock(),
        new_database("of_migrations") as url,
    ):
        apply_migrations()
        assert steady(schema_of(url)) == steady(from_file)
    assert from_file.count("CREATE TABLE") > 100


def test_an_empty_database_is_made_from_it_and_a_second_migrate_does_nothing(empty: str) -> None:
    said = StringIO()
    call_command("migrate", stdout=said)
    assert "Applying kb.0001_initial" not in said.getvalue()
    before = schema_of(empty)
    call_command("migrate", stdout=said)
    assert "No migrations to apply" in said.getvalue()
    assert schema_of(empty) == before


@pytest.mark.parametrize(
    "prepare",
    ["CREATE TABLE of_somebody_else ()", "CREATE SCHEMA own; SET search_path TO own"],
)
def test_it_is_not_loaded_beside_other_tables_or_into_another_schema(
    empty: str, prepare: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(prepare)
    assert not load_schema(connection)
    assert "CREATE TABLE public.incidents_incident" not in schema_of(empty)


@pytest.mark.parametrize("options", [["incidents"], ["--plan"], ["--check"]])
def test_a_part_of_the_migrations_or_a_question_loads_nothing(
    empty: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "django.core.management.commands.migrate.Command.handle", lambda *_, **__: None
    )
    call_command("migrate", *options, verbosity=0)
    assert "CREATE TABLE" not in schema_of(empty)
