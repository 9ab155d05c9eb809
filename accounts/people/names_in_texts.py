"""Replaces a person's name and addresses in texts, where they can mean nobody else.

A username may be a word, such as root or may. So it is replaced only where Causebook wrote it
itself (“filed by root”, “(root)” behind a line of a timeline), and where it is mentioned (“@root”).
Addresses and a full name of several words are replaced anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from incidents.models import Event, FieldValue, Incident, Notice, TimelineEntry, TimelineVersion
from kb.models import ActionItem, Cause, CauseLink, Comment, Draft, Postmortem

CAUSE_TEXTS = ("name", "what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
_TEXTS: list[tuple[type[models.Model], tuple[str, ...]]] = [
    (TimelineEntry, ("text",)),
    (TimelineVersion, ("text",)),
    (Event, ("text",)),
    (Notice, ("text",)),
    (FieldValue, ("text",)),
    *((table, ("title", "symptom", "resolution")) for table in (Incident, Incident.history.model)),
    *((table, ("title", "body")) for table in (Postmortem, Postmortem.history.model, Draft)),
    *((table, CAUSE_TEXTS) for table in (Cause, Cause.history.model)),
    *((table, ("reason",)) for table in (CauseLink, CauseLink.history.model)),
    *((table, ("title", "owner_named")) for table in (ActionItem, ActionItem.history.model)),
    (Comment, ("text", "passage")),
]
_INDEXED = (Incident, Cause)
"""What search by likeness reads anew once it was updated."""


def replace_names(username: str, others: Iterable[str], name: str) -> int:
    """Write `name` for a username and for `others`, addresses and full names; rows changed."""
    everywhere = sorted({each for each in others if "@" in each or " " in each}, key=len)
    needles = [f"@{username}", f"({username})", f"by {username}", f"{username}:", *everywhere]
    escaped = re.escape(username)
    anywhere = "|".join(map(re.escape, reversed(everywhere))) or "(?!)"
    pattern = re.compile(
        rf"(?<![\w.+-])(?:{anywhere})(?![\w-])"
        # “mail@root” is an address of somebody else.
        rf"|(?:(?<=\s@)|(?<=^@)|(?<=\(@)){escaped}(?![\w-])|(?<=\(){escaped}(?=\))"
        # A line of a timeline in a postmortem: “filed by root (root)”.
        rf"|(?<=\bby ){escaped}(?= \({escaped}\))",
        re.IGNORECASE | re.MULTILINE,
    )
    written = re.compile(rf"(?<=\bby ){escaped}(?![\w-])|^{escaped}(?=:)")
    changed = 0
    for table, fields in _TEXTS:
        changed += sum(
            _replace(table, field, needles, name, (pattern, written)) for field in fields
        )
    return changed


def _replace(
    table: type[models.Model],
    field: str,
    needles: list[str],
    name: str,
    patterns: tuple[re.Pattern[str], re.Pattern[str]],
) -> int:
    mentions = Q(pk__in=[])
    for needle in needles:
        mentions |= Q(**{f"{field}__icontains": needle})
    rows = table._base_manager.filter(mentions).select_for_update(of=("self",), no_key=True)
    changed = 0
    for row in rows:
        text = former = getattr(row, field)
        text = patterns[0].sub(name, text)
        if _is_written_by_causebook(row):
            text = patterns[1].sub(name, text)
        if text == former:
            continue
        limit = getattr(table._meta.get_field(field), "max_length", None)
        values: dict[str, Any] = {field: text[:limit] if limit else text}
        if table in _INDEXED:
            values["updated_at"] = timezone.now()
        elif isinstance(row, TimelineEntry | FieldValue) and row.incident_id:
            Incident.objects.filter(pk=row.incident_id).update(updated_at=timezone.now())
        table._base_manager.filter(pk=row.pk).update(**values)
        changed += 1
    return changed


def _is_written_by_causebook(row: models.Model) -> bool:
    by_people = (TimelineEntry.Kind.NOTE, TimelineEntry.Kind.CHAT, TimelineEntry.Kind.UPDATE)
    if isinstance(row, TimelineEntry):
        return row.kind not in by_people
    return isinstance(row, Event | Notice)
