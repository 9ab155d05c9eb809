"""Acts on incidents: file, edit, note. Called alike by web, API, chat, tasks and importers.

Each act writes record and timeline in one transaction and tells the world after commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from incidents.events import outbox
from incidents.events.signals import incident_changed, incident_filed, incident_resolved
from incidents.models import Incident, Service, TimelineEntry

Kind: Any = TimelineEntry.Kind


def _tell(signal: Any, incident: Incident) -> None:
    transaction.on_commit(lambda: signal.send_robust(sender=Incident, incident=incident))


def add_entry(
    incident: Incident, kind: str, text: str, author: Any = None, at: datetime | None = None
) -> TimelineEntry:
    return TimelineEntry.objects.create(
        incident=incident, kind=kind, text=text, author=author, at=at or timezone.now()
    )


@transaction.atomic
def file_incident(
    *,
    title: str,
    services: Iterable[Service] = (),
    reporter: Any = None,
    viewers: Collection[Any] = (),
    quiet: bool = False,
    **fields: Any,
) -> Incident:
    """Write an incident with its first timeline entry.

    `fields` are those of Incident. `quiet` is for imports of history: nothing is told, and only
    the database checks the constraints between fields (IntegrityError), at half the time a row.
    Raises ValidationError by field name.
    """
    incident = Incident(title=" ".join(title.split()), reporter=reporter, **fields)
    incident.full_clean(exclude=["reporter"], validate_constraints=not quiet)
    incident.save()
    incident.services.set(services)
    if viewers:
        incident.viewers.set(viewers)
    how = f"filed by {reporter}" if reporter else f"filed from {incident.external_source or 'API'}"
    add_entry(incident, Kind.FILED, f"Incident {how}", reporter, incident.impact_started_at)
    if not quiet:
        outbox.record("incident.filed", incident, f"{incident.severity} {incident}")
        _tell(incident_filed, incident)
    return incident


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """Names that stand as a word of `text`, in full."""
    words = {word.strip(".,:;()[]'\"!?").lower() for word in text.split()}
    return [name for name in names if name.lower() in words]


def services_named_in(text: str) -> list[Service]:
    """Services that are called by their full name, as a word of `text`."""
    named = names_in(text, Service.objects.values_list("name", flat=True)) if text.strip() else []
    return list(Service.objects.filter(name__in=named)) if named else []


_TIMES_OF_STATUS = {
    Incident.Status.IDENTIFIED: ("acknowledged_at",),
    Incident.Status.MITIGATED: ("mitigated_at",),
    Incident.Status.RESOLVED: ("mitigated_at", "resolved_at"),
}


def _move(incident: Incident, status: str) -> str:
    """Set status and its times in memory; the timeline text, empty when nothing changed."""
    if status not in Incident.Status.values:
        raise ValidationError({"status": f"Choose one of {', '.join(Incident.Status.values)}."})
    if incident.status == status:
        return ""
    old, incident.status = incident.get_status_display(), status
    if status != Incident.Status.RESOLVED:
        incident.resolved_at = None
    if status in (Incident.Status.INVESTIGATING, Incident.Status.IDENTIFIED):
        incident.mitigated_at = None
    now = max(timezone.now(), incident.impact_started_at)
    for name in _TIMES_OF_STATUS.get(Incident.Status(status), ()):
        if getattr(incident, name) is None:
            setattr(incident, name, incident.resolved_at or now)
    return f"{old} → {incident.get_status_display()}"


def _record_move(incident: Incident, moved: str) -> None:
    kind = "incident.status" if incident.is_open else "incident.resolved"
    outbox.record(kind, incident, f"{incident}: {moved}")


@transaction.atomic
def set_status(
    incident: Incident, status: str, author: Any = None, resolution: str = ""
) -> Incident:
    """Move an incident to `status`, setting the times that go with it; saying it twice is fine."""
    incident = _locked(incident)
    moved = _move(incident, status)
    resolution = resolution.strip()
    if resolution:
        incident.resolution = resolution
    incident.full_clean(exclude=["reporter"])
    incident.save()
    if moved:
        add_entry(incident, Kind.STATUS, f"{moved}\n\n{resolution}".strip(), author)
        _record_move(incident, moved)
    _tell(incident_changed if incident.is_open else incident_resolved, incident)
    return incident


@transaction.atomic
def set_severity(incident: Incident, severity: str, author: Any = None) -> Incident:
    incident = _locked(incident)
    if severity not in Incident.Severity.values:
        raise ValidationError({"severity": f"Choose one of {', '.join(Incident.Severity.values)}."})
    if incident.severity != severity:
        old, incident.severity = incident.severity, severity
        incident.save()
        add_entry(incident, Kind.SEVERITY, f"{old} → {severity}", author)
        outbox.record("incident.severity", incident, f"{incident}: {old} → {severity}")
        _tell(incident_changed, incident)
    return incident


@transaction.atomic
def edit_incident(
    incident: Incident,
    author: Any = None,
    services: Iterable[Service] | None = None,
    viewers: Iterable[Any] | None = None,
    **fields: Any,
) -> Incident:
    """Change fields of an incident; status and severity keep their own timeline entries."""
    incident = _locked(incident)
    status = fields.pop("status", None)
    severity = fields.pop("severity", None)
    changed = [name for name, value in fields.items() if getattr(incident, name) != value]
    for name in changed:
        setattr(incident, name, fields[name])
    moved = _move(incident, status) if status is not None else ""
    incident.full_clean(exclude=["reporter"])
    incident.save()
    if services is not None and set(services) != set(incident.services.all()):
        incident.services.set(services)
        changed.append("services")
    if viewers is not None:
        incident.viewers.set(viewers)
    if changed:
        words = ", ".join(sorted(name.removesuffix("_at").replace("_", " ") for name in changed))
        add_entry(incident, Kind.EDIT, f"Edited: {words}", author)
    if moved:
        add_entry(incident, Kind.STATUS, moved, author)
        _record_move(incident, moved)
    if severity is not None:
        incident = set_severity(incident, severity, author)
    _tell(incident_changed, incident)
    return incident


def add_note(
    incident: Incident, text: str, author: Any = None, at: datetime | None = None
) -> TimelineEntry:
    """A Markdown note on the timeline, findable by search. Raises ValidationError by field."""
    if at and at > timezone.now() + timedelta(minutes=5):
        raise ValidationError({"at": "This lies in the future. Is the time zone right?"})
    return add_entry(incident, Kind.NOTE, note_text(text), author, at)


def note_text(text: str) -> str:
    """What a person wrote for the timeline, trimmed. Raises ValidationError."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise ValidationError({"text": "Write a note first."})
    if len(text) > 50_000:
        raise ValidationError({"text": "A note holds up to 50,000 characters. Attach a link."})
    return text


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
