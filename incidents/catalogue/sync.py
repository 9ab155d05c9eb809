"""Keeps the services in step with a catalogue kept elsewhere. Nothing is ever removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.core.exceptions import ValidationError

from common.errors import error_text
from common.file_import import ImportReport, import_file
from incidents.catalogue.formats import registry
from incidents.catalogue.formats.base import CatalogueEntry
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.models import Service

FIELDS = (
    "description", "tier", "lifecycle", "kind", "owner_team", "on_call", "runbook_url",
    "dashboards", "repositories",
)  # fmt: skip


def import_catalogue(kind: str, content: str, dry_run: bool = False) -> ImportReport:
    """Take a file in; an empty field leaves what is there. Raises ValidationError for the whole."""
    return import_file(
        registry(),
        kind,
        content,
        dry_run,
        lambda found, report: _write_entries(_merged(found), report),
    )


def _merged(read: Iterable[CatalogueEntry]) -> list[CatalogueEntry]:
    """Entries by name, later ones adding to earlier ones of the same name."""
    found: dict[str, CatalogueEntry] = {}
    for entry in read:
        former = found.get(entry.name.lower())
        if former is None:
            found[entry.name.lower()] = entry
            continue
        told = {name: getattr(entry, name) or getattr(former, name) for name in FIELDS}
        both = dict.fromkeys([*former.depends_on, *entry.depends_on])
        found[entry.name.lower()] = replace(former, depends_on=tuple(both), **told)
    return list(found.values())


def _write_entries(entries: list[CatalogueEntry], report: ImportReport) -> None:
    known = {service.name.lower(): service for service in Service.objects.all()}
    taken: list[tuple[CatalogueEntry, Service, bool]] = []
    for entry in entries:
        service = known.get(entry.name.lower())
        new = service is None
        service = service or Service(name=entry.name)
        told = {name: getattr(entry, name) for name in FIELDS if getattr(entry, name)}
        if told.get("kind") not in Service.Kind.values:
            told.pop("kind", None)
        touched = new or any(getattr(service, name) != value for name, value in told.items())
        for name, value in told.items():
            setattr(service, name, value)
        try:
            service.full_clean()
        except ValidationError as error:
            report.skip(entry.place, f"{entry.name}: {error_text(error)}")
            if not new:
                service.refresh_from_db()
            continue
        if touched:
            service.save()
        known[service.name.lower()] = service
        if new:
            report.new.append(service.name)
        taken.append((entry, service, touched and not new))
    for entry, service, changed in taken:
        linked = _add_dependencies(entry, service, known, report)
        if service.name not in report.new:
            if changed or linked:
                report.changed.append(service.name)
            else:
                report.same += 1


def _add_dependencies(
    entry: CatalogueEntry, service: Service, known: dict[str, Service], report: ImportReport
) -> bool:
    """Add what it depends on; whether any of it was news."""
    wanted = {known[name.lower()] for name in entry.depends_on if name.lower() in known}
    unknown = [name for name in entry.depends_on if name.lower() not in known]
    record_unknown_services(unknown, "catalogue")
    for name in unknown:
        why = f"{service.name} depends on {name}, which nobody describes."
        report.skip(entry.place, why)
    missing = wanted - {service} - set(service.depends_on.all())
    service.depends_on.add(*missing)
    return bool(missing)
