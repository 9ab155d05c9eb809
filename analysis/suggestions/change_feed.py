"""Recent writes to the records that suggestions are made of, read in one query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from analysis.models import Fingerprint, Fit, Forgotten
from incidents.models import Incident, Service
from kb.models import Cause, CauseLink

# A union, so that each part uses its own index. Written as SQL because composing it with the ORM
# for each request took longer than the database needs to answer it.
_RECENT_CHANGES = f"""
    SELECT 'incident', id, updated_at, NULL::varchar[]
        FROM {Incident._meta.db_table} WHERE updated_at > %(since)s
    UNION ALL SELECT 'fingerprint', incident_id, updated_at, NULL FROM {Fingerprint._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'cause', -id, updated_at, NULL FROM {Cause._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'deleted', key, at, NULL FROM {Forgotten._meta.db_table} WHERE at > %(since)s
    UNION ALL SELECT 'link', incident_id, updated_at, NULL FROM {CauseLink._meta.db_table}
        WHERE updated_at > %(since)s
    UNION ALL SELECT 'private', id, NULL, NULL FROM {Incident._meta.db_table} WHERE private
    UNION ALL SELECT 'private', -id, NULL, NULL FROM {Cause._meta.db_table} WHERE private
    UNION ALL SELECT 'fit', id, NULL, NULL FROM {Fit._meta.db_table} WHERE active
    UNION ALL (SELECT 'newest link', id, updated_at, NULL FROM {CauseLink._meta.db_table}
        ORDER BY updated_at DESC, id DESC LIMIT 1)
    UNION ALL (SELECT 'newest deleted', id, at, NULL FROM {Forgotten._meta.db_table}
        ORDER BY at DESC LIMIT 1)
    UNION ALL SELECT 'services', 0, NULL, array_agg(name) FROM {Service._meta.db_table}
"""  # noqa: S608


@dataclass
class RecentChanges:
    """What was written since some moment, and the few facts that are read every time."""

    touched: dict[int, frozenset[tuple[str, datetime]]] = field(default_factory=dict)
    """By index key (causes negative): which of its rows were written or deleted, and when."""
    private: set[int] = field(default_factory=set)
    """Index keys of all private incidents and causes, whoever the user: to count and compare with,
    never to show."""
    fit: int | None = None
    """The active version of the calibration."""
    links_version: frozenset[tuple[str, int, datetime]] = frozenset()
    """Changes whenever a cause link is written or deleted."""
    services: list[str] = field(default_factory=list)
    """The names of all services."""
    version: int = 0
    """Grows, within a process, whenever anything changed that an answer depends on."""

    @property
    def facts(self) -> tuple[Any, ...]:
        """What an answer depends on besides the touched rows."""
        return self.private, self.fit, self.links_version

    def touches_of(self, key: int) -> frozenset[tuple[str, datetime]]:
        return self.touched.get(key, frozenset())


def read_changes(since: datetime) -> RecentChanges:
    """One query, however much happened."""
    changes = RecentChanges()
    with connection.cursor() as cursor:
        cursor.execute(_RECENT_CHANGES, {"since": since})
        for kind, key, at, names in cursor.fetchall():
            if kind == "private":
                changes.private.add(key)
            elif kind == "fit":
                changes.fit = key
            elif kind == "services":
                changes.services = names or []
            elif kind.startswith("newest"):
                changes.links_version |= {(kind, key, at)}
            else:
                changes.touched[key] = changes.touches_of(key) | {(kind, at)}
    return changes
