"""The schema a new database begins with, so that it need not repeat the history of all migrations.

Applying every migration takes half a minute, nearly all of it Django's computing of former models.
`schema.sql` is what they led to when it was written; migrations that came later are applied to it
as to any other database. tests/upgrade/test_schema_dump.py proves that both ways end the same.
"""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

SCHEMA = Path(__file__).with_name("schema.sql")


def load_schema(connection: BaseDatabaseWrapper) -> bool:
    """Load `schema.sql` if the database is empty; whether it was."""
    if not _is_empty(connection):
        return False
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        cursor.execute(SCHEMA.read_text())
    return True


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        # The file names the schema `public`; elsewhere migrations make the tables.
        cursor.execute(
            "SELECT current_schema() = 'public' AND NOT EXISTS "
            "(SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
        )
        row = cursor.fetchone()
    return bool(row and row[0])
