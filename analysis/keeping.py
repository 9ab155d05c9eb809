"""What a process keeps of the database between questions, and how it learns what is stale."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import connection

from analysis.models import Fingerprint, Fit, Forgotten
from analysis.similarity.votes import Link
from incidents.models import Incident, Service
from kb.models import Cause, CauseLink

Record = TypeVar("Record")

# A union, so that each part is read from its own index; written out, as composing it anew for
# each question took longer than the database needs to answer it.
_STATE = f"""
    SELECT 'incident', id, updated_at, NULL::varchar[]
        FROM {Incident._meta.db_table} WHERE updated_at > %(since)s
    UNION ALL SELECT 'fingerprint', incident_id, updated_at, NULL FROM {Fingerprint._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'cause', -id, updated_at, NULL FROM {Cause._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'forgotten', key, at, NULL FROM {Forgotten._meta.db_table} WHERE at > %(since)s
    UNION ALL SELECT 'link', incident_id, updated_at, NULL FROM {CauseLink._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'private', id, NULL, NULL FROM {Incident._meta.db_table} WHERE private
    UNION ALL SELECT 'fit', id, NULL, NULL FROM {Fit._meta.db_table} WHERE active
    UNION ALL (SELECT 'newest link', id, updated_at, NULL FROM {CauseLink._meta.db_table}
        ORDER BY updated_at DESC, id DESC LIMIT 1)
    UNION ALL (SELECT 'newest forgotten', id, at, NULL FROM {Forgotten._meta.db_table}
        ORDER BY at DESC LIMIT 1)
    UNION ALL SELECT 'services', 0, NULL, array_agg(name) FROM {Service._meta.db_table}
"""  # noqa: S608
_PASTS = f"""
    SELECT i.id, EXTRACT(epoch FROM i.impact_started_at)::float8, i.resolution <> '',
        l.cause_id, l.role, l.state
    FROM {Incident._meta.db_table} i LEFT JOIN {CauseLink._meta.db_table} l ON l.incident_id = i.id
    WHERE i.id = ANY(%s) ORDER BY i.id, l.id
"""  # noqa: S608


@dataclass
class State:
    """What the database tells about itself: what was written lately, and what is never kept."""

    touched: dict[int, frozenset[tuple[str, datetime]]] = field(default_factory=dict)
    """By key (causes negative): which of its rows were written or deleted, and when."""
    private: set[int] = field(default_factory=set)
    """All private incidents, whoever asks: to count and to compare with, never to show."""
    fit: int | None = None
    """The active version of what was learnt."""
    newest: frozenset[tuple[str, int, datetime]] = frozenset()
    """The newest cause link and the newest row that was forgotten: others, once links changed."""
    services: list[str] = field(default_factory=list)
    """The names of all services."""
    version: int = 0
    """Grows, within a process, whenever any of this or of what is kept changed."""

    @property
    def apart_from_rows(self) -> tuple[Any, ...]:
        return self.private, self.fit, self.newest

    def of(self, key: int) -> frozenset[tuple[str, datetime]]:
        return self.touched.get(key, frozenset())


def state_since(since: datetime) -> State:
    """One query, whatever happened."""
    state = State()
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"since": since})
        for kind, key, at, names in cursor.fetchall():
            if kind == "private":
                state.private.add(key)
            elif kind == "fit":
                state.fit = key
            elif kind == "services":
                state.services = names or []
            elif kind.startswith("newest"):
                state.newest |= {(kind, key, at)}
            else:
                state.touched[key] = state.touched.get(key, frozenset()) | {(kind, at)}
    return state


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
