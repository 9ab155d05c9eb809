"""Whether the stored secrets open with the keys at hand."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError

from common.sealing import sealed_columns


@dataclass(frozen=True)
class Closed:
    by_kind: dict[str, int]
    """the plural name of what holds them → how many no key opens"""
    total: int

    @property
    def count(self) -> int:
        return sum(self.by_kind.values())

    @property
    def all_closed(self) -> bool:
        return self.total > 0 and self.count == self.total

    def __str__(self) -> str:
        return ", ".join(f"{count} of {kind}" for kind, count in self.by_kind.items())


def unreadable() -> Closed:
    by_kind: dict[str, int] = {}
    total = 0
    for column in sealed_columns():
        try:
            for value in column.rows().values_list(column.name, flat=True).iterator():
                total += 1
                if not column.is_readable(value):
                    kind = str(column.model._meta.verbose_name_plural)
                    by_kind[kind] = by_kind.get(kind, 0) + 1
        except DatabaseError:
            continue  # The table is of a later migration than the database.
    return Closed(by_kind, total)
