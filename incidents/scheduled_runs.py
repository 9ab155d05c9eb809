"""Which periodic tasks are due: claimed in the database, by its clock.

Several copies of beat claim each run once, a restart remembers, and a clock that jumps is noticed.
"""

from __future__ import annotations

from django.db import connection

CLOCK_JUMP = 5.0
"""Seconds; a run further in the future was written before the clock was set back."""


def ages() -> dict[str, float]:
    """Seconds since each last run, negative where the clock was set back since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, extract(epoch FROM clock_timestamp() - last_at)::float8 "
            "FROM incidents_scheduledrun"
        )
        return dict(cursor.fetchall())


def remaining(age: float, every: float) -> float:
    """Seconds until a run is due, 0 when it is."""
    return 0.0 if age < -CLOCK_JUMP else max(0.0, every - age)


def begin(names: list[str]) -> None:
    """From now on these are known; those that were are left as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_scheduledrun (name, last_at) "
            "SELECT unnest(%s::text[]), clock_timestamp() ON CONFLICT DO NOTHING",
            [names],
        )


def claim(name: str, every: float) -> bool:
    """Whether this run is ours to do. Undone where the transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_scheduledrun SET last_at = clock_timestamp() WHERE name = %s AND ("
            "last_at <= clock_timestamp() - make_interval(secs => %s)"
            " OR last_at > clock_timestamp() + make_interval(secs => %s))",
            [name, every, CLOCK_JUMP],
        )
        return bool(cursor.rowcount)


def sign_of_life(name: str) -> None:
    """Process `name` works now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_scheduledrun (name, last_at) VALUES (%s, clock_timestamp()) "
            "ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at",
            [name],
        )
