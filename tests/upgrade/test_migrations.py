"""Landed migrations are never edited, and new ones leave the running version at work."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.migration_linter import MigrationLinter

ROOT = Path(__file__).resolve().parents[2]
LANDED = Path(__file__).with_name("migrations.sha256")
"""Lines as `sha256sum` writes them. Whoever adds a migration adds its line."""
OURS = ("accounts", "analysis", "incidents", "kb", "people", "practice")
BEFORE_THE_RULES = {"analysis": 9, "incidents": 19, "kb": 7, "people": 3, "practice": 3}
"""The last migration of each app that is older than the rules in docs/upgrading.md."""
EXCEPTIONS = {
    "incidents.0021_responders": "the index of former versions is of a new column, all null: one "
    "pass over that table, 0.1 s for 100,000 rows",
    "incidents.0030_rules_of_one_name": "as practice.0009_announced_once",
    "kb.0014_rules_of_one_name": "as practice.0009_announced_once",
    "practice.0009_announced_once": "the column is new and the version before writes nothing into "
    "it, and the index is made concurrently",
}
"""Migrations that break a rule → why the running version bears it."""
ALSO_ERRORS = ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"]
"""Only warnings to the linter."""


def test_no_landed_migration_was_edited() -> None:
    for line in LANDED.read_text().splitlines():
        digest, name = line.split()
        path = ROOT / name
        assert path.exists(), f"{name} has landed and is missing: databases remember its name."
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        assert found == digest, (
            f"{name} was edited after it landed. Undo the edit and write a new migration: "
            "databases that have run it would never see the change."
        )


def test_every_migration_is_listed() -> None:
    names = [line.split()[1] for line in LANDED.read_text().splitlines()]
    there = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/migrations/[0-9]*.py")}
    assert there - set(names) == set(), (
        "Add them: sha256sum */migrations/[0-9]*.py > tests/upgrade/migrations.sha256"
    )
    for package in ("incidents", "kb", "analysis", "practice"):
        assert f"{package}/migrations/0001_initial.py" in names
    assert names == sorted(names)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def broken_rules(app: str, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the linter says; empty when the running version works on beside the migration."""
    linter = MigrationLinter(no_cache=True, warnings_as_errors_tests=ALSO_ERRORS)
    capsys.readouterr()
    linter.lint_migration(linter.migration_loader.disk_migrations[app, name])
    return capsys.readouterr().out if linter.has_errors else ""


@pytest.mark.django_db(transaction=True)  # Some run outside of one.
def test_new_migrations_leave_the_running_version_at_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = {}
    for app, name in sorted(MigrationLoader(connection).disk_migrations):
        number = int(name[:4]) if re.match(r"\d{4}", name) else 0
        if app not in OURS or number <= BEFORE_THE_RULES.get(app, 0):
            continue
        if f"{app}.{name}" not in EXCEPTIONS and (said := broken_rules(app, name, capsys)):
            broken[f"{app}.{name}"] = said
    assert not broken, "docs/upgrading.md says how to do it in two steps"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("app", "name", "rule"),
    [
        pytest.param("practice", "0003_any_window", "ALTERING columns", id="another type"),
        pytest.param("incidents", "0014_owner_is_a_team", "CREATE INDEX locks", id="an index"),
        pytest.param("incidents", "0019_scheduled_runs", "", id="a new table"),
    ],
)
def test_the_linter_knows_what_the_running_version_cannot_bear(
    app: str, name: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = broken_rules(app, name, capsys)
    assert bool(said) == bool(rule), said
    assert rule in said
