"""Writing objectives: called by the form, the API and the importer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction

from practice.models import Slo

MEASURED_BY = {"counts", "numerator", "total", "source"}
"""Fields that decide what is counted."""


@transaction.atomic
def save_objective(slo: Slo, **fields: Any) -> bool:
    """Set fields and save if one changed or the objective is new; whether it was saved.

    Raises ValidationError by field.
    """
    changed = {name for name, value in fields.items() if getattr(slo, name, None) != value}
    for name in changed:
        setattr(slo, name, fields[name])
    slo.full_clean()
    if slo.pk is not None and not changed:
        return False
    if slo.pk is not None:
        discard_counts(slo, changed)
    slo.save()
    return True


def discard_counts(slo: Slo, changed: Collection[str]) -> None:
    """Delete the counts if a change made them wrong; counting starts again with the window."""
    if not MEASURED_BY.isdisjoint(changed):
        slo.days.all().delete()
        slo.pulled_until, slo.summary = None, {}
