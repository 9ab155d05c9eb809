"""Models and migrations agree, and released migrations are never edited: databases ran them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
RELEASED = Path(__file__).with_name("migrations.sha256")
"""Lines as `sha256sum` writes them. A release adds the files that are new in it."""


def test_no_released_migration_was_edited() -> None:
    for line in RELEASED.read_text().splitlines():
        digest, name = line.split()
        path = ROOT / name
        assert path.exists(), f"{name} was released and is missing: databases remember its name."
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        assert found == digest, (
            f"{name} was edited after it was released. Undo the edit and write a new migration: "
            "databases that have run it would never see the change."
        )


def test_every_migration_of_the_first_release_is_listed() -> None:
    names = [line.split()[1] for line in RELEASED.read_text().splitlines()]
    for package in ("incidents", "kb", "analysis", "practice"):
        assert f"{package}/migrations/0001_initial.py" in names
    assert names == sorted(names)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
