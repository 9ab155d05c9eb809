"""Setting objectives. Called alike by forms, API and importers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction

from practice.models import Slo

COUNTED_BY = {"counts", "numerator", "total", "source"}


@transaction.atomic
def set_objective(slo: Slo, **fields: Any) -> bool:
    """Set some fields and save, a new objective in any case; whether anything was news.

    Raises ValidationError by field.
    """
    changed = {name for name, value in fields.items() if getattr(slo, name, None) != value}
    for name in changed:
        setattr(slo, name, fields[name])
    slo.full_clean()
    if slo.pk is not None and not changed:
        return False
    if slo.pk is not None:
        recount(slo, changed)
    slo.save()
    return True


def recount(slo: Slo, changed: Collection[str]) -> None:
    """Forget what was counted by other queries; it is counted anew from the window's begin."""
    if not COUNTED_BY.isdisjoint(changed):
        slo.days.all().delete()
        slo.pulled_until, slo.summary = None, {}
