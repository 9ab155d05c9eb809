"""Takes objectives in from files of other tools. Nothing is ever removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.catalogue.base import MOST_BYTES, BadFile
from incidents.importing import reason_of
from incidents.models import Service
from practice.models import Slo
from practice.slo_files import registry
from practice.slo_files.base import Entry, Skipped


@dataclass
class Report:
    """What a file brought: names, and what was skipped and why."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def take_objectives(kind: str, content: str, dry_run: bool = False) -> Report:
    """Take a file in: new objectives, and changes of known ones. Raises ValidationError for all."""
    plugin = registry().get(kind)
    if plugin is None:
        raise ValidationError({"kind": f"Choose one of {', '.join(registry())}."})
    if len(content.encode()) > MOST_BYTES:
        raise ValidationError({"content": f"At most {MOST_BYTES // 1024**2} MB at once."})
    report = Report()
    services = {service.name.lower(): service for service in Service.objects.all()}
    try:
        found = list(plugin().read(content.replace("\x00", "")))
    except BadFile as error:
        raise ValidationError({"content": str(error)}) from error
    with transaction.atomic():
        for entry in found:
            if isinstance(entry, Skipped):
                report.skipped.append((entry.place, entry.why))
            else:
                _take(entry, services, report)
        if dry_run:
            transaction.set_rollback(True)
    return report


def _take(entry: Entry, services: dict[str, Service], report: Report) -> None:
    service = services.get(entry.service.lower())
    if service is None:
        why = f"{entry.name}: no service is named {entry.service}. Add it, then take this in again."
        report.skipped.append((entry.place, why))
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
    changed = {name for name, value in told.items() if getattr(slo, name) != value}
    for name, value in told.items():
        setattr(slo, name, value)
    try:
        slo.full_clean()
    except ValidationError as error:
        report.skipped.append((entry.place, f"{entry.name}: {reason_of(error)}"))
        return
    if not new and not changed:
        report.same += 1
        return
    if not new:
        recount(slo, changed)
    slo.save()
    (report.new if new else report.changed).append(str(slo))


COUNTED_BY = {"counts", "numerator", "total", "source"}


def recount(slo: Slo, changed: set[str]) -> None:
    """Forget what was counted by other queries; it is counted anew from the window's begin."""
    if changed & COUNTED_BY:
        slo.days.all().delete()
        slo.pulled_until, slo.summary = None, {}
