"""Records cached in the process until the database tells of a write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection

from analysis.similarity.votes import Link
from incidents.models import Incident
from kb.models import Cause, CauseLink

Record = TypeVar("Record")
_PASTS = f"""
    SELECT i.id, EXTRACT(epoch FROM i.impact_started_at)::float8, i.resolution <> '',
        l.cause_id, l.role, l.state
    FROM {Incident._meta.db_table} i LEFT JOIN {CauseLink._meta.db_table} l ON l.incident_id = i.id
    WHERE i.id = ANY(%s) ORDER BY i.id, l.id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Past:
    """What votes need of a past incident."""

    began: float
    """epoch seconds"""
    told: bool
    """whether it is written down how it was resolved"""
    links: tuple[Link, ...]


class Kept(Generic[Record]):
    """Records by id, as long as nothing was written about them. Safe between threads.

    `read` reads those of a list of ids that are there. Beyond `most` of them it starts anew.
    """

    def __init__(self, read: Callable[[list[int]], dict[int, Record]], most: int) -> None:
        self._read = read
        self._most = most
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}
        self._drops = 0

    def drop(self, keys: Iterable[int]) -> None:
        with self._lock:
            self._drops += 1
            for key in keys:
                self._records.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._drops += 1
            self._records.clear()

    def of(self, keys: Collection[int]) -> dict[int, Record]:
        """Those of the keys that are there; reads only what is not kept."""
        with self._lock:
            found = {key: self._records[key] for key in keys if key in self._records}
            drops = self._drops
        missing = [key for key in keys if key not in found]
        if not missing:
            return found
        read = self._read(missing)
        with self._lock:
            # What was read may be older than a change that another thread has just dropped.
            if drops == self._drops:
                if len(self._records) + len(read) > self._most:
                    self._records.clear()
                self._records.update(read)
        return found | read


def read_pasts(keys: list[int]) -> dict[int, Past]:
    """What votes need of some incidents."""
    rows: dict[int, tuple[float, bool, list[Link]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PASTS, [keys])
        read: list[Any] = cursor.fetchall()
    for key, began, told, cause, role, link_state in read:
        links = rows.setdefault(key, (began, told, []))[2]
        if cause is not None:
            links.append(Link(key, cause, role, link_state))
    return {key: Past(began, told, tuple(links)) for key, (began, told, links) in rows.items()}


def read_causes(keys: list[int]) -> dict[int, Cause]:
    """Some causes, superseded ones too, with their category."""
    return Cause.objects.select_related("category").defer("search").in_bulk(keys)
