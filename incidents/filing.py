"""Acts on incidents: file, edit, move, add a note. Web, API, chat, tasks and importers call them.

Each act writes the record and its timeline in one transaction and sends signals after commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import choose_one_of
from common.row_limits import require_few, require_space
from incidents.custom_fields.values import (
    BelongsTo,
    Given,
    read_values,
    require_needed,
    require_needed_to_resolve,
    write_values,
)
from incidents.events import outbox
from incidents.events.notices import notify_followers
from incidents.events.signals import incident_filed, incident_resolved, visibility_changing
from incidents.models import Incident, Service, TimelineEntry
from incidents.permissions import IMPORT_HISTORY, MAKE_PRIVATE, MAKE_PUBLIC
from people.permissions import require

Kind: Any = TimelineEntry.Kind
MOST_SERVICES, MOST_NOTES = 200, 5000


def _send_after_commit(signal: Signal, incident: Incident) -> None:
    transaction.on_commit(lambda: signal.send_robust(sender=Incident, incident=incident))


def add_entry(
    incident: Incident, kind: str, text: str, author: User | None = None, at: datetime | None = None
) -> TimelineEntry:
    return TimelineEntry.objects.create(
        incident=incident, kind=kind, text=text, author=author, at=at or timezone.now()
    )


def announce(kind: str, incident: Incident, text: str, author: User | None = None) -> None:
    """Write an event, with notices for those who follow the incident, but not for `author`."""
    event = outbox.record(kind, incident, text)
    notify_followers(incident, f"event-{event.pk}", text, author)


@transaction.atomic
def file_incident(
    *,
    title: str,
    services: Iterable[Service] = (),
    reporter: User | None = None,
    viewers: Collection[Any] = (),
    quiet: bool = False,
    custom_fields: Given | None = None,
    **fields: Any,
) -> Incident:
    """Write an incident with its first timeline entry.

    Services named in the title are added to `services`, and an incident that is going on counts as
    detected now unless `detected_at` says otherwise. `quiet` is for imports of history: no events,
    no signals, nothing added to what was given, and only the database checks the constraints
    between fields (IntegrityError), which halves the time per row. Whoever can give
    `custom_fields`, by name, must give those that are needed; None is for who cannot.
    Raises ValidationError by field name.
    """
    incident = Incident(title=" ".join(title.split()), reporter=reporter, **fields)
    if incident.private and reporter is not None:
        require(reporter, MAKE_PRIVATE)
    # Times may come as text: cleaning makes them times, which detection compares.
    incident.clean_fields(exclude=["reporter"])
    if not quiet:
        services = {*services, *services_named_in(incident.title)}
        incident.detected_at = incident.detected_at or _detection_time(incident)
    incident.full_clean(exclude=["reporter"], validate_constraints=not quiet)
    values = read_values(BelongsTo.INCIDENTS, custom_fields or {})
    if custom_fields is not None and not quiet:
        require_needed(BelongsTo.INCIDENTS, custom_fields)
    services = set(services)
    require_few(services, MOST_SERVICES, "services", _("An incident has services,"))
    incident.save()
    incident.services.set(services)
    if viewers:
        incident.viewers.set(viewers)
    if values:
        write_values(incident, values)
    if custom_fields is not None and not quiet and not incident.is_open:
        require_needed_to_resolve(incident)
    how = f"filed by {reporter}" if reporter else f"filed from {incident.external_source or 'API'}"
    add_entry(incident, Kind.FILED, f"Incident {how}", reporter, incident.impact_started_at)
    if not quiet:
        outbox.record("incident.filed", incident, f"{incident.severity} {incident}")
        _send_after_commit(incident_filed, incident)
        if not incident.is_open:
            _send_after_commit(incident_resolved, incident)
    return incident


def _detection_time(incident: Incident) -> datetime | None:
    """Now, for an incident that is going on; None for one that lies ahead or was written up later.

    Whoever gives the time of a later step gives history: "now" would be after that step.
    """
    now = timezone.now()
    later_steps = (incident.acknowledged_at, incident.mitigated_at, incident.resolved_at)
    if incident.impact_started_at > now or any(at and at < now for at in later_steps):
        return None
    return now


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """The `names` that occur as a whole word of `text`, in any case."""
    words = {word.strip(".,:;()[]'\"!?").lower() for word in text.split()}
    return [name for name in names if name.lower() in words]


def services_named_in(text: str) -> list[Service]:
    """Services whose full name occurs as a word of `text`."""
    named = names_in(text, Service.objects.values_list("name", flat=True)) if text.strip() else []
    return list(Service.objects.filter(name__in=named)) if named else []


_TIMES_OF_STATUS = {
    Incident.Status.IDENTIFIED: ("acknowledged_at",),
    Incident.Status.MITIGATED: ("mitigated_at",),
    Incident.Status.RESOLVED: ("mitigated_at", "resolved_at"),
}


def _move(incident: Incident, status: str) -> str:
    """Set status and its times in memory; the timeline text, empty when nothing changed."""
    _check_choice("status", status, Incident.Status.values)
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


def _check_choice(name: str, value: str, choices: list[str]) -> None:
    if value not in choices:
        raise ValidationError({name: choose_one_of(choices)})


@transaction.atomic
def set_status(
    incident: Incident,
    status: str,
    author: User | None = None,
    resolution: str = "",
    resolved_at: datetime | None = None,
    custom_fields: Given | None = None,
) -> Incident:
    """Move an incident to `status`, setting the times that go with it; repeating it is harmless.

    `resolved_at` says when one that becomes resolved ended, if not now. An `author` resolves it
    only with the custom fields that are needed, which may be given with it.
    """
    resolution = resolution.strip()
    written: dict[str, Any] = {"resolution": resolution} if resolution else {}
    if resolved_at is not None and status == Incident.Status.RESOLVED:
        written["resolved_at"] = resolved_at
    return _apply(
        incident, author, status=status, fields=written, custom_fields=custom_fields or {}
    )


@transaction.atomic
def set_severity(
    incident: Incident, severity: str, author: User | None = None, because: str = ""
) -> Incident:
    """Rate an incident; `because` says why on the timeline, where no person did it."""
    return _apply(incident, author, severity=severity, because=because)


@transaction.atomic
def edit_incident(
    incident: Incident,
    author: User | None = None,
    services: Iterable[Service] | None = None,
    viewers: Iterable[Any] | None = None,
    status: str | None = None,
    severity: str | None = None,
    open_related: bool = False,
    custom_fields: Given | None = None,
    **fields: Any,
) -> Incident:
    """Change fields of an incident; status, severity and custom fields get timeline entries of
    their own.

    One that becomes public takes what was made from it along only with `open_related`. Custom
    fields are given by name; those that are left out stay as they are.
    """
    return _apply(
        incident,
        author,
        status=status,
        severity=severity,
        services=services,
        viewers=viewers,
        open_related=open_related,
        custom_fields=custom_fields or {},
        fields=fields,
    )


_SET_BY_SENDERS = {"external_source", "external_id", "external_url"}
"""By these, imports and alerts find the incident again."""


def _apply(
    incident: Incident,
    author: User | None,
    *,
    status: str | None = None,
    severity: str | None = None,
    because: str = "",
    services: Iterable[Service] | None = None,
    viewers: Iterable[Any] | None = None,
    open_related: bool = False,
    custom_fields: Given | None = None,
    fields: dict[str, Any] | None = None,
) -> Incident:
    """The one way in which an incident changes: record, timeline, events and signals.

    Runs in the caller's transaction. None leaves something as it is.
    Raises ValidationError by field name, and PermissionDenied where `author` says that an incident
    came from another system.
    """
    incident = locked(incident)
    fields = fields or {}
    changed = [name for name, value in fields.items() if getattr(incident, name) != value]
    if author is not None and not _SET_BY_SENDERS.isdisjoint(changed):
        require(author, IMPORT_HISTORY)
    for name in changed:
        setattr(incident, name, fields[name])
    if "private" in changed:
        _change_visibility(incident, author, open_related)
    moved = _move(incident, status) if status is not None else ""
    rated = ""
    if severity is not None:
        _check_choice("severity", severity, Incident.Severity.values)
        if severity != incident.severity:
            rated, incident.severity = f"{incident.severity} → {severity}", severity
    incident.guessed_times = {
        name: how
        for name, how in incident.guessed_times.items()
        if name not in changed and getattr(incident, name, None) is not None
    }
    incident.full_clean(exclude=["reporter"])
    values = read_values(BelongsTo.INCIDENTS, custom_fields or {}, incident)
    incident.save()
    if services is not None:
        services, before = set(services), set(incident.services.all())
        if services != before:
            # Alerts may have added more than people may.
            most = max(MOST_SERVICES, len(before))
            require_few(services, most, "services", _("An incident has services,"))
            incident.services.set(services)
            changed.append("services")
    if viewers is not None:
        incident.viewers.set(viewers)
    notes = []
    # What ended it, and when, is part of the move, not an edit of its own.
    if moved and incident.resolution and "resolution" in changed:
        changed.remove("resolution")
        notes.append(incident.resolution)
    if moved and incident.resolved_at and "resolved_at" in changed:
        changed.remove("resolved_at")
        notes.append(f"Ended {incident.resolved_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.")
    if changed:
        words = ", ".join(sorted(name.removesuffix("_at").replace("_", " ") for name in changed))
        add_entry(incident, Kind.EDIT, f"Edited: {words}", author)
    lines = write_values(incident, values) if values else []
    if moved and not incident.is_open and author is not None and incident.merged_into_id is None:
        # Ended alerts have no author; of one that was merged the other is what is resolved.
        require_needed_to_resolve(incident)
    if lines:
        add_entry(incident, Kind.EDIT, "\n\n".join(lines), author)
    if moved:
        add_entry(incident, Kind.STATUS, "\n\n".join([moved, *notes]), author)
        kind = "incident.status" if incident.is_open else "incident.resolved"
        announce(kind, incident, f"{incident}: {moved}", author)
        if not incident.is_open:
            _send_after_commit(incident_resolved, incident)
    if rated:
        add_entry(incident, Kind.SEVERITY, f"{rated}. {because}" if because else rated, author)
        announce("incident.severity", incident, f"{incident}: {rated}", author)
    return incident


def _change_visibility(incident: Incident, author: User | None, open_related: bool) -> None:
    """Check the right to it, and let nobody lose sight of what they make private."""
    if author is not None:
        require(author, MAKE_PRIVATE if incident.private else MAKE_PUBLIC)
        if incident.private:
            incident.viewers.add(author)
    visibility_changing.send(
        sender=Incident, incident=incident, author=author, open_related=open_related
    )


def add_note(
    incident: Incident, text: str, author: User | None = None, at: datetime | None = None
) -> TimelineEntry:
    """A Markdown note on the timeline, which search finds. Raises ValidationError by field."""
    if at and at > timezone.now() + timedelta(minutes=5):
        raise ValidationError({"at": _("This lies in the future. Is the time zone right?")})
    notes = incident.timeline.filter(kind=Kind.NOTE)
    require_space(notes, MOST_NOTES, "text", _("An incident has notes,"))
    return add_entry(incident, Kind.NOTE, note_text(text), author, at)


def note_text(text: str) -> str:
    """What a person wrote for the timeline, trimmed. Raises ValidationError."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise ValidationError({"text": _("Write a note first.")})
    if len(text) > 50_000:
        raise ValidationError({"text": _("A note holds up to 50,000 characters. Attach a link.")})
    return text


def locked(incident: Incident) -> Incident:
    """The incident as it is now, locked until the caller's transaction ends."""
    return Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
