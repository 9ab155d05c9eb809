"""The timeline of an incident: stored entries, and entries derived from other records.

Other packages register sources of derived entries: `TIMELINE_SOURCES.register("findings", …)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.markdown import escape_markdown, with_breaks
from common.registry import Registry
from common.viewer import Viewer
from incidents import filing
from incidents.models import Change, Incident, TimelineEntry, TimelineVersion
from incidents.permissions import EDIT_NOTES_OF_OTHERS
from incidents.suspect_changes import candidate_changes
from people.permissions import require

MIN_GAP = timedelta(minutes=30)
"""A time without entries this long, while the incident was open, is shown as a gap."""

Kind = TimelineEntry.Kind
PLAIN = {Kind.FILED, Kind.SEVERITY, Kind.EDIT, Kind.ALERT, Kind.MERGE, Kind.CHANGE, Kind.FINDING}
"""Written by Causebook from alerts, logs and titles: plain text. All else is Markdown."""


def markdown_of(entry: TimelineEntry) -> str:
    """The text of an entry as Markdown, line by line."""
    return with_breaks(escape_markdown(entry.text) if entry.kind in PLAIN else entry.text)


def _change_entries(incident: Incident) -> Iterable[TimelineEntry]:
    for candidate in candidate_changes(incident, limit=5):
        change = candidate.change
        usual = change.outcome == Change.Outcome.SUCCEEDED
        outcome = "" if usual else f" ({change.get_outcome_display()})"
        text = f"{change.service}: {change.title}{outcome}"
        yield TimelineEntry(at=change.started_at, kind=TimelineEntry.Kind.CHANGE, text=text)


TIMELINE_SOURCES: Registry[Callable[[Incident], Iterable[TimelineEntry]]] = Registry(
    "sources of timeline entries", {"changes": _change_entries}
)


MOST_ENTRIES = 1000
"""Of a timeline, at once; an alert that flaps for weeks writes many more."""


def full_timeline(
    incident: Incident,
    hidden: bool = False,
    most: int = MOST_ENTRIES,
    until: TimelineEntry | None = None,
) -> list[TimelineEntry]:
    """Entries by time, those that were hidden only with `hidden`.

    Of many the newest `most`, or the newest before the entry `until`.
    """
    stored = incident.timeline.select_related("author").order_by("-at", "-pk")
    if until:
        stored = stored.filter(Q(at__lt=until.at) | Q(at=until.at, pk__lt=until.pk))
    newest = list(stored[: most + 1])
    begins = newest[most - 1].at if len(newest) > most else None
    entries = [entry for entry in newest[:most] if hidden or not entry.hidden]
    edited = [entry for entry in entries if entry.edited_at]
    prefetch_related_objects(edited, "versions__replaced_by")
    derived = [entry for entries_of in TIMELINE_SOURCES.values() for entry in entries_of(incident)]
    known = {(entry.kind, entry.at) for entry in newest}
    entries += [
        entry
        for entry in derived
        if (entry.kind, entry.at) not in known
        and (begins is None or entry.at >= begins)
        and (until is None or entry.at < until.at)
    ]
    return sorted(entries, key=lambda entry: entry.at)


@dataclass(frozen=True)
class TimelineLine:
    """An entry as shown, with the gap before it, if that was long."""

    entry: TimelineEntry
    gap: timedelta | None = None


def lines_of(incident: Incident, entries: Iterable[TimelineEntry]) -> list[TimelineLine]:
    """Entries with the gaps between them, from the start of impact to the end of it."""
    end = incident.resolved_at or timezone.now()
    lines: list[TimelineLine] = []
    before: datetime | None = None
    for entry in entries:
        silent = entry.at - before if before else timedelta(0)
        inside = before is not None and incident.impact_started_at <= before and entry.at <= end
        lines.append(TimelineLine(entry, silent if inside and silent >= MIN_GAP else None))
        before = entry.at
    return lines


def edit_entry(
    entry: TimelineEntry, author: Viewer, *, text: str | None = None, at: datetime | None = None
) -> TimelineEntry:
    """Change an entry and mark it as edited. Raises PermissionDenied; see `_check_author`."""
    _check_author(entry, author)
    with transaction.atomic():
        # Of two edits at one moment, each finds the text that it replaces.
        former = TimelineEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
        entry.text = filing.note_text(text) if text is not None else former.text
        entry.at = at or former.at
        if (entry.text, entry.at) == (former.text, former.at):
            return entry
        entry.edited_at = timezone.now()
        TimelineVersion.objects.create(
            entry=entry, text=former.text, at=former.at,
            replaced_at=entry.edited_at, replaced_by_id=author.pk,
        )  # fmt: skip
        entry.save()
    return entry


def _check_author(entry: TimelineEntry, author: Viewer) -> None:
    """Raises PermissionDenied unless `author` wrote the entry, or may edit those of others."""
    if entry.author_id is None or entry.author_id != author.pk:
        require(author, EDIT_NOTES_OF_OTHERS)


def mark_entry(entry: TimelineEntry, author: Viewer, what: str) -> TimelineEntry:
    """Toggle a mark of an entry: `what` is pinned, which everybody may who edits incidents, or
    hidden.

    Raises PermissionDenied; see `_check_author`.
    """
    if what == "hidden":
        _check_author(entry, author)
    if what not in ("pinned", "hidden"):
        raise ValidationError(_("An entry can be pinned or hidden."))
    setattr(entry, what, not getattr(entry, what))
    entry.save()
    return entry
