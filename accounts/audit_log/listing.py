"""The audit log as those who may read it see it: filtered, newest first, exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from common.times import parse_time
from incidents.models import Incident
from incidents.permissions import hidden_incident_ids, sees_all
from people import audit
from people.models import AuditEntry
from people.permissions import READ_AUDIT_LOG, require

INTERFACES = ["page", "api", "chat", "command", "task", "webhook"]
AT_ONCE = 1000
"""Entries of an export that are in memory."""
FILTERS = ["person", "event", "record", "interface", "since", "until"]


def entries_for(viewer: User) -> QuerySet[AuditEntry]:
    """Raises PermissionDenied.

    Who may not see private incidents gets entries about settings, people and other incidents only.
    """
    require(viewer, READ_AUDIT_LOG)
    rows = AuditEntry.objects.order_by("-pk")
    if sees_all(viewer):
        return rows
    hidden = [str(key) for key in hidden_incident_ids(viewer)]
    incident = Incident._meta.label_lower
    # What else people write may have become private since, and its entries are not changed.
    content = {name for name in audit.AUDITED if not audit.AUDITED[name].always} - {incident}
    rows = rows.filter(private=False).exclude(record_type__in=content)
    return rows.exclude(record_type=incident, record_id__in=hidden)


def _of_record(rows: QuerySet[AuditEntry], words: str) -> QuerySet[AuditEntry]:
    """By `incidents.incident:12`, `INC-12`, or words of a name."""
    kind, _, key = words.rpartition(":")
    if words.upper().startswith("INC-") and words[4:].isdigit():
        kind, key = Incident._meta.label_lower, words[4:]
    named = Q(record_name__icontains=words)
    return rows.filter(Q(record_type=kind.lower(), record_id=key) | named if kind else named)


def _moment(text: str, end_of_day: bool) -> datetime | None:
    at = parse_time(text)
    is_day = len(text) <= len("2026-01-01")
    return at + timedelta(days=1) if at and end_of_day and is_day else at


def filtered(rows: QuerySet[AuditEntry], given: dict[str, str]) -> QuerySet[AuditEntry]:
    """By FILTERS; what cannot be read as a time filters nothing."""
    words = {name: given.get(name, "").replace("\x00", "").strip()[:100] for name in FILTERS}
    if person := words["person"]:
        rows = rows.filter(Q(actor_name__iexact=person) | Q(record_name=person))
    if event := words["event"]:
        rows = rows.filter(event__startswith=event.lower())
    if record := words["record"]:
        rows = _of_record(rows, record)
    if words["interface"] in INTERFACES:
        rows = rows.filter(interface=words["interface"])
    if since := _moment(words["since"], end_of_day=False):
        rows = rows.filter(at__gte=since)
    if until := _moment(words["until"], end_of_day=True):
        rows = rows.filter(at__lt=until)
    return rows


def as_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "event": entry.event,
        "interface": entry.interface,
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "token_name": entry.token_name,
        "address": entry.address,
        "record_type": entry.record_type,
        "record_id": entry.record_id,
        "record_name": entry.record_name,
        "private": entry.private,
        "changes": entry.changes,
    }


def export(viewer: User, given: dict[str, str]) -> Iterator[str]:
    """Entries as JSON lines, oldest first. That somebody exports them is an entry too."""
    rows = filtered(entries_for(viewer), given)
    chosen = {name: [None, given[name]] for name in FILTERS if given.get(name)}
    audit.record("audit_log.exported", changes=chosen)
    return _lines(rows.order_by("pk"))


def _lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    """By queries of their own: poolers of connections allow no cursor that stays open."""
    last = 0
    while entries := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        for entry in entries:
            yield json.dumps(as_json(entry), ensure_ascii=False) + "\n"
        last = entries[-1].pk
