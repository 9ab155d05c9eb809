"""What was written to the database lately, in one query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from analysis.models import Fingerprint, Fit, Forgotten
from incidents.models import Incident, Service
from kb.models import Cause, CauseLink

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
