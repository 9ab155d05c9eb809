"""Readings of private records: one entry for each person, record and hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TypeVar

from django.db.models import ForeignKey, Model
from django.utils import timezone

from common.origin import origin
from people.audit.recording import entry_of
from people.audit.watching import AUDITED
from people.models import AuditEntry

AT_MOST_EVERY = timedelta(hours=1)
Row = TypeVar("Row", bound=Model)


def record_reading(row: Row) -> Row:
    """Somebody reads a record; nothing is recorded unless it is private. Returns the record."""
    record_readings([row])
    return row


def record_readings(rows: Iterable[Model]) -> None:
    """Somebody reads records of one kind, or what is part of them: an entry for each private one.

    Costs no query where the rows are no part of records that can be private, and one where they
    are.
    """
    found = list(rows)
    subjects = {(each._meta.label_lower, each.pk): each for each in _private_subjects(found)}
    if not subjects:
        return
    by = origin()
    known = set(
        AuditEntry.objects.filter(
            event__in={_event(each) for each in subjects.values()},
            record_id__in=[str(key) for _, key in subjects],
            actor=by.actor,
            actor_name=by.name[:200],
            at__gt=timezone.now() - AT_MOST_EVERY,
        ).values_list("record_type", "record_id")
    )
    AuditEntry.objects.bulk_create(
        entry_of(_event(each), each, private=True)
        for (label, key), each in subjects.items()
        if (label, str(key)) not in known
    )


def _event(subject: Model) -> str:
    return f"{AUDITED[subject._meta.label_lower].noun}.read"


def _can_be_private(model: type[Model]) -> bool:
    names = {field.name for field in model._meta.concrete_fields}
    return "private" in names and model._meta.label_lower in AUDITED


def _private_subjects(rows: list[Model]) -> list[Model]:
    """The private records among `rows`, or that `rows` are part of."""
    if not rows:
        return []
    if _can_be_private(type(rows[0])):
        return [row for row in rows if getattr(row, "private", False)]
    found: list[Model] = []
    for field in rows[0]._meta.concrete_fields:
        if isinstance(field, ForeignKey) and _can_be_private(field.related_model):
            keys = {getattr(row, field.attname) for row in rows} - {None}
            if all(field.is_cached(row) for row in rows):
                whole = {getattr(row, field.name) for row in rows} - {None}
                found += [each for each in whole if each.private]
            elif keys:
                found += field.related_model._base_manager.filter(pk__in=keys, private=True)
    return found
