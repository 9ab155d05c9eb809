"""Which pages somebody may open, for all that refers to one by its address: notices, events.

`RECORDS` is the one list of records that not everybody may see. Each package registers its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import BigIntegerField, Exists, F, Func, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.urls import reverse

from common.registry import Registry
from common.viewer import Viewer
from incidents.permissions import sees_all, visible_incidents

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class GuardedRecord:
    """Records of one kind: who sees which, and the names of routes that begin with their number."""

    visible: Callable[[Viewer], QuerySet[Any]]
    routes: tuple[str, ...]

    @cached_property
    def pattern(self) -> str:
        """Finds the number of a record in the address of its page, or of a page below that."""
        pages = (reverse(name, args=[0]) for name in self.routes)
        before = sorted({re.escape(page.partition("0")[0]) for page in pages})
        return f"^(?:{'|'.join(before)})([0-9]{{1,18}})(?:[^0-9]|$)"


RECORDS: Registry[GuardedRecord] = Registry("records that not everybody may see")


def guard(name: str, visible: Callable[[Viewer], QuerySet[Any]], *routes: str) -> None:
    """Pages at `routes`, and below them, are for those to whom `visible` shows the record."""
    RECORDS.register(name, GuardedRecord(visible, routes))


guard("incidents", visible_incidents, "incidents:incident")


def incident_at(path: str) -> int | None:
    """The number of the incident whose page is at `path`; None for all other pages."""
    found = re.match(RECORDS["incidents"].pattern, path)
    return int(found[1]) if found else None


def may_open(viewer: Viewer, path: str) -> bool:
    """Whether `viewer` may see the record whose page is at `path`; True for all other pages."""
    return not hidden_paths(viewer, [path])


def hidden_paths(viewer: Viewer, paths: Iterable[str]) -> set[str]:
    """Those of `paths` that are pages of records which `viewer` may not see.

    A query for each kind of record that is among them; for many rows use `with_open_pages`.
    """
    hidden, each_path = set[str](), set(paths)
    for record in RECORDS.values():
        found = ((path, re.match(record.pattern, path)) for path in each_path)
        keys = {path: int(match[1]) for path, match in found if match}
        if keys:
            shown = record.visible(viewer).filter(pk__in={*keys.values()})
            seen = set(shown.values_list("pk", flat=True))
            hidden |= {path for path, key in keys.items() if key not in seen}
    return hidden


def kinds_of(paths: Iterable[str]) -> frozenset[str]:
    """The names of those `RECORDS` whose pages are among `paths`."""
    each_path = set(paths)
    return frozenset(
        name
        for name, record in RECORDS.items()
        if any(re.match(record.pattern, path) for path in each_path)
    )


def with_open_pages(
    rows: QuerySet[Row],
    viewer: Viewer,
    field: str = "path",
    kinds: Collection[str] | None = None,
) -> QuerySet[Row]:
    """Those of `rows` whose `field` is the address of a page that `viewer` may open.

    Whoever knows from `kinds_of` that it holds pages of no other `kinds` saves the database to
    plan for those: it takes a millisecond each.
    """
    if sees_all(viewer):
        return rows
    for place, (name, record) in enumerate(RECORDS.items()):
        if kinds is not None and name not in kinds:
            continue
        key = f"record_{place}"
        number = Func(F(field), Value(record.pattern), function="substring")
        rows = rows.alias(**{key: Cast(number, BigIntegerField())})
        shown = Exists(record.visible(viewer).filter(pk=OuterRef(key)))
        rows = rows.filter(Q(**{f"{key}__isnull": True}) | Q(shown))
    return rows
