"""Past incidents as voters: what the vote on causes needs of them, read in one query."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from analysis.similarity.votes import Link
from incidents.models import Incident, Service
from kb.models import CauseLink

_VOTERS = f"""
    SELECT i.id, EXTRACT(epoch FROM i.impact_started_at)::float8, i.resolution <> '',
        ARRAY(SELECT s.name FROM {Incident.services.through._meta.db_table} t
            JOIN {Service._meta.db_table} s ON s.id = t.service_id WHERE t.incident_id = i.id),
        l.cause_id, l.role, l.state
    FROM {Incident._meta.db_table} i LEFT JOIN {CauseLink._meta.db_table} l ON l.incident_id = i.id
    WHERE i.id = ANY(%s) ORDER BY i.id, l.id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Voter:
    began: float
    """epoch seconds"""
    has_resolution: bool
    """whether somebody wrote how it was resolved"""
    services: list[str]
    links: list[Link]


def read_voters(keys: Collection[int]) -> dict[int, Voter]:
    """Those of the incidents that exist."""
    voters: dict[int, Voter] = {}
    if not keys:
        return voters
    with connection.cursor() as cursor:
        cursor.execute(_VOTERS, [list(keys)])
        rows: list[Any] = cursor.fetchall()
    for key, began, has_resolution, services, cause, role, link_state in rows:
        voter = voters.setdefault(key, Voter(began, has_resolution, services, []))
        if cause is not None:
            voter.links.append(Link(key, cause, role, link_state))
    return voters
