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
    seen: dict[tuple[int, str], str] = {}
    for objective in objectives:
        service = _service_of(objective, services)
        if service is None:
            report.skip(objective.place, f"{objective.name}: {_which_service(objective)}")
            continue
        first = seen.setdefault((service.pk, objective.name), objective.place)
        if first != objective.place:
            why = f"{service} has an objective of this name in {first} already; that one was used."
            report.skip(objective.place, f"{objective.name}: {why}")
            continue
        _import(objective, service, report)


def _service_of(objective: ImportedObjective, services: dict[str, Service]) -> Service | None:
    """The one that the file names; only where it names none, the likeliest that is known."""
    names = [objective.service] if objective.service else objective.likely_services
    return next((services[name.lower()] for name in names if name.lower() in services), None)


def _which_service(objective: ImportedObjective) -> str:
    if objective.service:
        return f"no service is named {objective.service}. Add it, then import this again."
    return (
        "it names no service, and none is known that its labels or its name suggest. Add a label "
        "such as “pyrra.dev/service” to it, then import this again."
    )


def _import(objective: ImportedObjective, service: Service, report: ImportReport) -> None:
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
    remarks = list(objective.remarks)
    if not objective.service:
        remarks.insert(0, f"It names no service; its labels and its name suggest {service}.")
    for remark in remarks:
        report.remark(objective.place, f"{objective.name}: {remark}")
    if not saved:
        report.same += 1
        return
    (report.new if new else report.changed).append(str(slo))
