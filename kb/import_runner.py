"""Stores what importers read: incidents, postmortems, suspected causes, action items."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.errors import error_text
from incidents import filing
from incidents.history_import import Report as Services
from incidents.history_import import service_named, severity_of, write_updates
from incidents.models import Incident, Service
from kb.causes.linking import create_cause
from kb.importers.base import ImportedIncident, ReadResult
from kb.models import Category, Cause, CauseLink, Postmortem
from kb.postmortems import action_items, editing


@dataclass
class KnowledgeImportReport:
    """What an import did; a refusal or note has its position (file, line)."""

    new: int = 0
    known: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    postmortems: int = 0
    links: int = 0
    actions: int = 0
    new_services: list[str] = field(default_factory=list)
    new_causes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.new + self.known + len(self.refused)

    def lines(self, dry_run: bool = False) -> list[str]:
        """The report as text; equal notes are counted, not repeated."""
        would = "would be " if dry_run else ""
        lines = [
            f"{self.total} records: {self.new} {would}imported, {self.known} known already, "
            f"{len(self.refused)} not imported.",
            f"With them {self.postmortems} postmortems, {self.links} candidate causes "
            f"({len(self.new_causes)} of them new), {self.actions} actions, "
            f"{len(self.new_services)} new services.",
        ]
        for note, count in Counter(note for _, note in self.notes).most_common(10):
            lines.append(f"{count} × {note}")
        return lines


def import_records(
    records: Iterable[ReadResult], source: str, dry_run: bool = False, author: Any = None
) -> KnowledgeImportReport:
    """Store records; one that cannot be imported is reported and does not stop the others.

    One whose id is known is skipped, so an import can be repeated.
    """
    run = _ImportRun(source[:50], author)
    with transaction.atomic():
        for position, record in records:
            if isinstance(record, str):
                run.report.refused.append((position, record))
                continue
            try:
                with transaction.atomic():
                    run.store(position, record)
            except (ValidationError, IntegrityError) as error:
                run.report.refused.append((position, error_text(error)))
        if dry_run:
            transaction.set_rollback(True)
    return run.report


class _ImportRun:
    """One import. Known names and ids are in memory, so that a record costs few queries."""

    def __init__(self, source: str, author: Any) -> None:
        self.source, self.author = source, author
        self.report = KnowledgeImportReport()
        self.known = set(
            Incident.objects_in.filter(external_source=source).values_list("external_id", flat=True)
        )
        self.services = {row.name.lower(): row for row in Service.objects_in.all()}
        self.causes = {
            row.name.lower(): row.superseded_by or row
            for row in Cause.objects_in.select_related("superseded_by")
        }
        self.categories = {row.name.lower(): row for row in Category.objects_in.all()}
        self.categories |= {row.slug: row for row in self.categories.values()}
        self.people = {row.get_username().lower(): row for row in get_user_model().objects_in.all()}

    def store(self, position: str, record: ImportedIncident) -> None:
        key = record.external_id[:200]
        if not key:
            raise ValidationError(
                {"external_id": "Missing: an import is repeatable only with ids."}
            )
        if key in self.known:
            self.report.known += 1
            return
        if not record.title.strip():
            raise ValidationError({"title": "Missing."})
        incident = self._incident(record, key)
        for name, category in record.causes:
            self._link(position, incident, name, category)
        if record.body or record.actions:
            postmortem = self._postmortem(incident, record, key)
            for action in record.actions:
                self._action(postmortem, action)
        # Only now: what failed above is rolled back, and must not count.
        self.known.add(key)
        self.report.new += 1
        self.report.notes += [(position, note) for note in record.notes]

    def _incident(self, record: ImportedIncident, key: str) -> Incident:
        start = record.impact_started_at
        if start is None:
            raise ValidationError({"impact_started_at": "Missing. Map it with --map."})
        if start > timezone.now() + timedelta(days=1):
            raise ValidationError({"impact_started_at": f"{start:%Y-%m-%d} lies in the future."})
        services = Services()
        names = [name for given in record.services if (name := _service_name(given))]
        if names != record.services:
            record.notes.append("service names with characters that are not allowed here")
        linked = [service_named(name, self.services, services) for name in names]
        # Some exports have an end before the start, after a correction by hand.
        ends = {
            name: max(start, value) if (value := getattr(record, name)) else None
            for name in ("mitigated_at", "resolved_at")
        }
        # An incident with a postmortem is over, even if the export does not say since when.
        if record.body and ends["resolved_at"] is None:
            status = Incident.Status.MITIGATED
        elif ends["resolved_at"]:
            status = Incident.Status.RESOLVED
        else:
            status = Incident.Status.INVESTIGATING
        incident = filing.file_incident(
            title=record.title[:300],
            symptom=record.symptom or _beginning(record.body),
            resolution=record.resolution,
            severity=severity_of(record.severity),
            services=list(dict.fromkeys(linked)),
            impact_started_at=start,
            detected_at=record.detected_at,
            acknowledged_at=record.acknowledged_at,
            status=status,
            external_source=self.source,
            external_id=key,
            external_url=record.url if record.url.startswith(("http://", "https://")) else "",
            quiet=True,
            **ends,
        )
        self.report.new_services += services.new_services
        write_updates(incident, record.updates)
        return incident

    def _link(self, position: str, incident: Incident, name: str, category: str) -> None:
        name = " ".join(name.split())[:200]
        if not re.search(r"\w", name):
            return
        cause = self.causes.get(name.lower())
        if cause is None:
            known = self.categories.get(category.lower()) or self.categories.get(name.lower())
            try:
                cause = create_cause(name=name, category=known or "")
            except ValidationError as error:
                self.report.notes.append(
                    (position, f"no cause made of {name!r}: {error_text(error)}")
                )
                return
            self.causes[name.lower()] = cause
            self.report.new_causes.append(name)
        _, new = CauseLink.objects_in.get_or_create(
            incident=incident, cause=cause,
            defaults={"author": self.author, "reason": f"From {self.source}"},
        )  # fmt: skip
        self.report.links += new

    def _postmortem(self, incident: Incident, record: ImportedIncident, key: str) -> Postmortem:
        postmortem = Postmortem(
            title=(record.body_title or record.title)[:300],
            body=record.body or record.symptom or record.title,
            state=Postmortem.State.PUBLISHED,
            published_at=record.published_at or record.resolved_at or record.impact_started_at,
            external_source=self.source,
            external_id=key,
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


def _service_name(given: str) -> str:
    """The name without characters that a service name may not have; possibly empty."""
    return " ".join(re.sub(r"[^A-Za-z0-9 ._:/@-]+", " ", given).split()).lstrip(" ._:/@-")[:100]


def _beginning(body: str) -> str:
    """The first paragraphs of a text, as the symptom."""
    text = body[:2000]
    return text if len(body) <= 2000 else text.rsplit("\n", 1)[0] or text
