"""Imports services from a catalogue that is maintained elsewhere. Nothing is ever removed."""

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
    """Import a file; empty fields change nothing. Raises ValidationError for an unusable file."""
    return import_file(
        registry(),
        kind,
        content,
        dry_run,
        lambda entries, report: _write_entries(_merged(entries), report),
    )


def _merged(read: Iterable[CatalogueEntry]) -> list[CatalogueEntry]:
    """One entry per name; later entries add to earlier ones with the same name."""
    by_name: dict[str, CatalogueEntry] = {}
    for entry in read:
        former = by_name.get(entry.name.lower())
        if former is None:
            by_name[entry.name.lower()] = entry
            continue
        fields = {name: getattr(entry, name) or getattr(former, name) for name in FIELDS}
        both = dict.fromkeys([*former.depends_on, *entry.depends_on])
        by_name[entry.name.lower()] = replace(former, depends_on=tuple(both), **fields)
    return list(by_name.values())


def _write_entries(entries: list[CatalogueEntry], report: ImportReport) -> None:
    known = {service.name.lower(): service for service in Service.objects.all()}
    saved: list[tuple[CatalogueEntry, Service, bool]] = []
    for entry in entries:
        service = known.get(entry.name.lower())
        new = service is None
        service = service or Service(name=entry.name)
        fields = {name: getattr(entry, name) for name in FIELDS if getattr(entry, name)}
        if fields.get("kind") not in Service.Kind.values:
            fields.pop("kind", None)
        differs = new or any(getattr(service, name) != value for name, value in fields.items())
        for name, value in fields.items():
            setattr(service, name, value)
        try:
            service.full_clean()
        except ValidationError as error:
            report.skip(entry.place, f"{entry.name}: {error_text(error)}")
            if not new:
                service.refresh_from_db()
            continue
        if differs:
            service.save()
        known[service.name.lower()] = service
        if new:
            report.new.append(service.name)
        saved.append((entry, service, differs and not new))
    for entry, service, changed in saved:
        linked = _add_dependencies(entry, service, known, report)
        if service.name not in report.new:
            if changed or linked:
                report.changed.append(service.name)
            else:
                report.same += 1


def _add_dependencies(
    entry: CatalogueEntry, service: Service, known: dict[str, Service], report: ImportReport
) -> bool:
    """Add its dependencies; whether any of them is new."""
    dependencies = {known[name.lower()] for name in entry.depends_on if name.lower() in known}
    unknown = [name for name in entry.depends_on if name.lower() not in known]
    record_unknown_services(unknown, "catalogue")
    for name in unknown:
        why = f"{service.name} depends on {name}, which is not in the catalogue."
        report.skip(entry.place, why)
    missing = dependencies - {service} - set(service.depends_on.all())
    service.depends_on.add(*missing)
    return bool(missing)
