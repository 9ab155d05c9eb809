"""Imports objectives from files of other tools. Nothing is ever deleted."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError

from common.errors import error_text
from common.file_import import ImportReport, import_file
from incidents.models import Service
from practice.models import Slo
from practice.slo_files import registry
from practice.slo_files.base import ImportedObjective
from practice.slos.editing import save_objective


def import_objectives(kind: str, content: str, dry_run: bool = False) -> ImportReport:
    """Create and update objectives from a file, all or none. Raises ValidationError by field."""
    return import_file(registry(), kind, content, dry_run, _import_all)


def _import_all(objectives: list[ImportedObjective], report: ImportReport) -> None:
    services = {service.name.lower(): service for service in Service.objects.all()}
    for objective in objectives:
        _import(objective, services, report)


def _import(
    objective: ImportedObjective, services: dict[str, Service], report: ImportReport
) -> None:
    service = services.get(objective.service.lower())
    if service is None:
        why = f"no service is named {objective.service}. Add it, then import this again."
        report.skip(objective.place, f"{objective.name}: {why}")
        return
    slo = Slo.objects.filter(service=service, name=objective.name).first()
    new = slo is None
    slo = slo or Slo(service=service, name=objective.name)
    try:
        saved = save_objective(
            slo,
            description=objective.description or slo.description,
            target=Decimal(str(objective.target)).quantize(Decimal("0.0001")),
            window=objective.window,
            counts=objective.counts,
            numerator=objective.numerator,
            total=objective.total,
        )
    except ValidationError as error:
        report.skip(objective.place, f"{objective.name}: {error_text(error)}")
        return
    if not saved:
        report.same += 1
        return
    (report.new if new else report.changed).append(str(slo))
