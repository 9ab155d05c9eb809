"""Takes objectives in from files of other tools. Nothing is ever removed."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError

from common.errors import error_text
from common.file_import import ImportReport, import_file
from incidents.models import Service
from practice.models import Slo
from practice.slo_files import registry
from practice.slo_files.base import Entry
from practice.slos.editing import set_objective


def take_objectives(kind: str, content: str, dry_run: bool = False) -> ImportReport:
    """Take a file in: new objectives, and changes of known ones. Raises ValidationError for all."""
    return import_file(registry(), kind, content, dry_run, _take_all)


def _take_all(entries: list[Entry], report: ImportReport) -> None:
    services = {service.name.lower(): service for service in Service.objects.all()}
    for entry in entries:
        _take(entry, services, report)


def _take(entry: Entry, services: dict[str, Service], report: ImportReport) -> None:
    service = services.get(entry.service.lower())
    if service is None:
        why = f"{entry.name}: no service is named {entry.service}. Add it, then take this in again."
        report.skip(entry.place, why)
        return
    slo = Slo.objects.filter(service=service, name=entry.name).first()
    new = slo is None
    slo = slo or Slo(service=service, name=entry.name)
    told = {
        "description": entry.description or slo.description,
        "target": Decimal(str(entry.target)).quantize(Decimal("0.0001")),
        "window": entry.window, "counts": entry.counts,
        "numerator": entry.numerator, "total": entry.total,
    }  # fmt: skip
    try:
        changed = set_objective(slo, **told)
    except ValidationError as error:
        report.skip(entry.place, f"{entry.name}: {error_text(error)}")
        return
    if not changed:
        report.same += 1
        return
    (report.new if new else report.changed).append(str(slo))
