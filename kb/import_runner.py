"""Writes what importers read: incidents, postmortems, candidate causes, action items."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from common.errors import error_text
from incidents import filing
from incidents.history_import import HistoryImport, HistoryReport, add_updates
from incidents.history_rows import is_over
from incidents.models import Alert, Incident
from incidents.search.filters import by_reference
from kb.causes.linking import create_cause
from kb.importers.base import FoundCause, ImportedIncident, MergedAlert, ReadResult
from kb.models import Category, Cause, CauseLink, Postmortem
from kb.postmortems import action_items, editing


@dataclass
class KnowledgeImportReport(HistoryReport):
    """What an import did; a skipped record or note has its position (file, line)."""

    postmortems: int = 0
    links: int = 0
    actions: int = 0
    alerts: int = 0
    """Entries that had been merged into another."""
    new_causes: list[str] = field(default_factory=list)

    def lines(self, dry_run: bool = False) -> list[str]:
        """The report in words; equal notes are counted, not repeated."""
        would = "would be " if dry_run else ""
        lines = [
            f"{self.total} records: {len(self.new)} {would}imported, {self.same} known already, "
            f"{len(self.skipped)} skipped.",
            f"With them {self.postmortems} postmortems, {self.links} candidate causes "
            f"({len(self.new_causes)} of them new), {self.actions} actions, "
            f"{len(self.new_services)} new services.",
        ]
        if self.alerts:
            lines.append(f"{self.alerts} merged entries {would}alerts of the one they went into.")
        for note, count in self.counted_notes()[:20]:
            lines.append(f"{count} × {note}")
        return lines


def import_records(
    records: Iterable[ReadResult],
    source: str,
    dry_run: bool = False,
    author: User | None = None,
    update: bool = False,
) -> KnowledgeImportReport:
    """Store records; one that cannot be imported is reported and does not stop the others.

    One whose id is known is skipped, so an import can be repeated. With `update` what it lacks is
    added to it: ends, times, updates, a postmortem. What people wrote stays, and private incidents
    stay as they are.
    """
    run = _ImportRun(source, author)
    with transaction.atomic():
        for position, record in records:
            if isinstance(record, str):
                run.report.skip(position, record)
            elif record.into:
                run.add_to(position, record)
            elif not run.history.is_known(record):
                run.store(position, record)
            elif update:
                run.update(position, record)
        if dry_run:
            transaction.set_rollback(True)
    return run.report


class _ImportRun:
    """One import. Known names and ids are in memory, so that a record costs few queries."""

    def __init__(self, source: str, author: User | None) -> None:
        self.report = KnowledgeImportReport()
        self.history = HistoryImport(source, self.report)
        self.source, self.author = self.history.source, author
        # What is imported is public: a private cause of the same name is another one.
        self.causes = {
            row.name.lower(): _current(row)
            for row in Cause.objects.filter(private=False).select_related("superseded_by")
        }
        self.categories = {row.name.lower(): row for row in Category.objects.all()}
        self.categories |= {row.slug: row for row in self.categories.values()}
        self.people = {row.get_username().lower(): row for row in get_user_model().objects.all()}

    def store(self, position: str, record: ImportedIncident) -> None:
        causes = dict(self.causes)
        with self.history.entry(position, record.external_id):
            incident = self._incident(position, record)
            for name, category in record.causes:
                self._link(position, incident, FoundCause(CauseLink.Role.ROOT, name), category)
            for found in record.found_causes:
                self._link(position, incident, found)
            self._add_merged_alerts(incident, record.merged)
            if record.body or record.actions:
                postmortem = self._postmortem(incident, record)
                for action in record.actions:
                    self._action(postmortem, action)
            self.report.notes += [(position, note) for note in record.notes]
            return
        self.causes = causes  # Those that it created were rolled back.

    def add_to(self, position: str, record: ImportedIncident) -> None:
        """Add its updates to an existing incident, if everybody may see that."""
        incident = by_reference(Incident.objects.filter(private=False), record.into)
        if incident is None:
            self.report.skip(position, f"there is no public incident {record.into}")
            return
        with self.history.entry(position, record.external_id):
            if add_updates(incident, record.updates):
                self.report.changed.append(incident.title)
            else:
                self.report.same += 1

    def update(self, position: str, record: ImportedIncident) -> None:
        """Add to a known incident what its source says of it by now."""
        rows = Incident.objects.filter(external_source=self.source, private=False)
        incident = rows.filter(external_id=record.external_id[:200]).first()
        if incident is None:
            return
        with self.history.entry(position, record.external_id):
            # One after the other: each adds what it finds.
            added = [
                self._add_times(incident, record),
                add_updates(incident, record.updates),
                self._add_merged_alerts(incident, record.merged),
                self._follow_postmortem(position, incident, record),
            ]
            if any(added):
                self.report.same -= 1
                self.report.changed.append(incident.title)

    def _add_times(self, incident: Incident, record: ImportedIncident) -> bool:
        """Times that are known by now, and the end of one that is open here."""
        known = {name: getattr(record, name) for name in ("detected_at", "acknowledged_at")}
        times = {
            name: at
            for name, at in known.items()
            if at and at >= incident.impact_started_at and getattr(incident, name) is None
        }
        if times:
            filing.edit_incident(incident, **times)
        ended = incident.is_open and is_over(record)
        if ended:
            end = record.resolved_at
            filing.set_status(
                incident, Incident.Status.RESOLVED, resolution=record.resolution,
                resolved_at=max(end, incident.impact_started_at) if end else None,
            )  # fmt: skip
        return bool(times or ended)

    def _follow_postmortem(
        self, position: str, incident: Incident, record: ImportedIncident
    ) -> bool:
        """Its postmortem as it is there, unless somebody edited it here."""
        if not record.body:
            return False
        rows = Postmortem.objects.filter(external_source=self.source)
        known = rows.filter(external_id=incident.external_id).first()
        if known is None and not incident.postmortems.exists():
            postmortem = self._postmortem(incident, record)
            for action in record.actions:
                self._action(postmortem, action)
            return True
        if known is None or known.private or known.body == editing.line_feeds_only(record.body):
            return False
        if known.history.filter(version__gt=1).exclude(history_user=None).exists():
            self.report.notes.append((position, "it changed there and here: ours stays"))
            return False
        editing.save_postmortem(
            known, None, base_version=known.version, title=known.title, body=record.body
        )
        return True

    def _incident(self, position: str, record: ImportedIncident) -> Incident:
        # An incident with a postmortem is over; a state there is that of the postmortem.
        status = "closed" if record.body else record.status
        symptom = record.symptom or _beginning(record.body)
        return self.history.file(replace(record, symptom=symptom, status=status), position)

    def _add_merged_alerts(self, incident: Incident, merged: list[MergedAlert]) -> int:
        """How many of them are new."""
        added = 0
        for each in merged:
            _, new = Alert.objects.get_or_create(
                source=self.source, fingerprint=each.external_id[:200], starts_at=each.starts_at,
                defaults={
                    "name": each.title[:200] or each.external_id[:200], "summary": each.title,
                    "severity": each.severity[:50], "status": Alert.Status.RESOLVED,
                    "ends_at": each.ends_at or each.starts_at, "incident": incident,
                    "url": each.url if each.url.startswith("http") else "",
                    "joined_because": f"{self.source} merged it into this incident.",
                },
            )  # fmt: skip
            added += new
        self.report.alerts += added
        return added

    def _link(
        self, position: str, incident: Incident, found: FoundCause, category: str = ""
    ) -> None:
        name = " ".join(found.name.split())[:200]
        if not re.search(r"\w", name):
            return
        cause = self.causes.get(name.lower())
        if cause is None:
            named = self.categories.get(category.lower()) or self.categories.get(name.lower())
            what = found.text if found.text.strip(" .") != name else ""
            try:
                cause = create_cause(name=name, category=named or "", what_happens=what[:20_000])
            except ValidationError as error:
                self.report.notes.append(
                    (position, f"no cause made of {name!r}: {error_text(error)}")
                )
                return
            self.causes[name.lower()] = cause
            self.report.new_causes.append(name)
        _, new = CauseLink.objects.get_or_create(
            incident=incident, cause=cause,
            defaults={
                "author": self.author, "reason": f"From {self.source}", "role": found.role,
            },
        )  # fmt: skip
        self.report.links += new

    def _postmortem(self, incident: Incident, record: ImportedIncident) -> Postmortem:
        postmortem = Postmortem(
            title=(record.body_title or record.title)[:300],
            body=record.body or record.symptom or record.title,
            state=Postmortem.State.PUBLISHED,
            published_at=record.published_at or record.resolved_at or record.impact_started_at,
            external_source=self.source,
            external_id=incident.external_id,
            author=self.author,
        )
        self.report.postmortems += 1
        return editing.write_postmortem(postmortem, [incident])

    def _action(self, postmortem: Postmortem, action: Any) -> None:
        owner = self.people.get(action.owner.lower())
        tracker = action.tracker_url if action.tracker_url.startswith("http") else ""
        action_items.add_action(
            postmortem, title=action.title, kind=action.kind, owner=owner,
            owner_named="" if owner else action.owner[:200], due_on=action.due_on,
            state=action.state, tracker_url=tracker, author=owner,
        )  # fmt: skip
        self.report.actions += 1


def _current(cause: Cause) -> Cause:
    """The cause that counts instead, unless not everybody may see it."""
    better = cause.superseded_by
    return cause if better is None or better.private else better


def _beginning(body: str) -> str:
    """The first paragraphs of a text, as the symptom."""
    text = body[:2000]
    return text if len(body) <= 2000 else text.rsplit("\n", 1)[0] or text
