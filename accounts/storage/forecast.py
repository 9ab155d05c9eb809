"""How much is stored of each kind, how fast it grows, and what its rule will leave.

Sizes come from the catalogue of PostgreSQL. Rows of large tables are estimates, and the first row
of a month is found by halving the range of keys: no table is read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dj_database_url
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, models

from accounts.storage.applying import MARK
from common.retention import KINDS, NORMAL, Kind, database_now
from incidents import scheduled_runs
from people.permissions import SEE_STORAGE, require

MEASURED_DAYS = 30
COUNTED_ROWS = 20_000
"""Smaller tables are counted."""
YEAR = 365


@dataclass(frozen=True)
class Stored:
    """One kind of rows."""

    name: str
    title: str
    rule: str
    tables: list[str]
    rows: int
    """of its first table"""
    size: int
    """bytes of all its tables with their indexes"""
    per_day: int
    """bytes a day, over the last MEASURED_DAYS or since its first row"""
    days: int
    """its rule; 0: for ever"""
    applied_at: datetime | None
    """when its rule last left nothing old"""

    @property
    def per_year(self) -> int:
        return self.per_day * YEAR

    @property
    def steady(self) -> int | None:
        """Bytes that the rule will leave when as much goes as comes; None: it grows for ever."""
        return self.per_day * self.days if self.days else None

    @property
    def in_a_year(self) -> int:
        """Bytes that a year adds, with its rule."""
        return self.per_day * min(self.days or YEAR, YEAR)


@dataclass(frozen=True)
class Storage:
    kinds: list[Stored]
    """the largest first"""
    database: int
    disk_free: int | None
    """bytes where the embedded server stores its data; None with another server"""

    @property
    def per_day(self) -> int:
        return sum(each.per_day for each in self.kinds)

    @property
    def per_year(self) -> int:
        return sum(each.per_year for each in self.kinds)

    @property
    def in_a_year(self) -> int:
        return sum(each.in_a_year for each in self.kinds)

    @property
    def steady(self) -> int:
        return sum(each.steady or 0 for each in self.kinds)

    @property
    def for_ever(self) -> int:
        """Bytes a year of what no rule bounds."""
        return sum(each.per_year for each in self.kinds if each.steady is None)

    @property
    def days_left(self) -> int | None:
        """Until the disk is full at this rate."""
        if self.disk_free is None or self.per_day <= 0:
            return None
        return self.disk_free // self.per_day


def storage_for(viewer: User) -> Storage:
    require(viewer, SEE_STORAGE)
    return storage()


def storage() -> Storage:
    """Some hundred small queries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        database = cursor.fetchone()
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid), reltuples::bigint FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        sizes = {name: (size, rows) for name, size, rows in cursor.fetchall()}
    now, ages = database_now(), scheduled_runs.ages()
    kinds = [_stored(name, kind, sizes, now, ages) for name, kind in KINDS.items()]
    kinds.sort(key=lambda each: (-each.size, each.title))
    return Storage(kinds, database[0] if database else 0, _disk_free())


def _stored(
    name: str,
    kind: Kind,
    sizes: Mapping[str, tuple[int, int]],
    now: datetime,
    ages: Mapping[str, float],
) -> Stored:
    main = kind.tables[0]
    size = sum(sizes.get(table._meta.db_table, (0, 0))[0] for table in kind.tables)
    estimate = sizes.get(main._meta.db_table, (0, 0))[1]
    rows = estimate if estimate > COUNTED_ROWS else main._base_manager.count()
    days = kind.days.get(NORMAL, 0)
    window = float(min(MEASURED_DAYS, days) if days and not kind.thins else MEASURED_DAYS)
    recent, span = _recent(main, kind.dated, now, window, rows) if kind.dated else (0, window)
    # Pages of an empty table are no size of rows.
    per_row = size / rows if rows else 0.0
    age = ages.get(MARK + name)
    return Stored(
        name,
        str(kind.title),
        kind.rule,
        [table._meta.db_table for table in kind.tables],
        rows,
        size,
        round(recent * per_row / span),
        days,
        None if age is None else now - timedelta(seconds=age),
    )


def _recent(
    table: type[models.Model], dated: str, now: datetime, window: float, rows: int
) -> tuple[int, float]:
    """Rows of the last days, and how many days these are: fewer where there were none before."""
    since: Any = now - timedelta(days=window)
    field = table._meta.get_field(dated)
    if not isinstance(field, models.DateTimeField):
        since = since.date()
    found = table._base_manager.order_by("pk")
    first = found.values_list(dated, flat=True).first()
    if rows > COUNTED_ROWS and isinstance(table._meta.pk, models.AutoField | models.BigAutoField):
        found = found.filter(pk__gte=_first_key_since(table, dated, since))
    recent = found.order_by().filter(**{f"{dated}__gte": since}).count()
    if isinstance(first, datetime) and first > since:
        window = max(1.0, (now - first).total_seconds() / 86_400)
    return recent, window


def _first_key_since(table: type[models.Model], dated: str, since: Any) -> int:
    """About the first key of rows written since then: keys are given in the order of time."""
    every = table._base_manager.order_by("pk")
    low = every.values_list("pk", flat=True).first() or 0
    high = every.values_list("pk", flat=True).last() or 0
    while low < high:
        middle = (low + high) // 2
        row = every.filter(pk__gte=middle).values_list("pk", dated).first()
        if row is None or (row[1] is not None and row[1] >= since):
            high = middle
        else:
            low = row[0] + 1
    return low


def _disk_free() -> int | None:
    """Only where the database is the one that bin/up started in the data folder."""
    used = settings.DATABASES["default"]
    try:
        running = json.loads((settings.DATA_DIR / "servers.json").read_text())["DATABASE_URL"]
        own = dj_database_url.parse(running)
    except (OSError, ValueError, KeyError):
        return None
    if any(str(own[part]) != str(used[part]) for part in ("HOST", "PORT")):
        return None
    return shutil.disk_usage(settings.DATA_DIR).free
