"""What every record of something that happened holds true of its times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

FIRST_YEAR = 1000
"""Two- and three-digit years are slips; histories may hold accidents of any other age."""
FUTURE_ALLOWED = timedelta(days=1)
"""Clocks differ and people mistake time zones, but not by more."""


def refuse_impossible_times(record: models.Model, names: Iterable[str]) -> None:
    """Raises ValidationError by field for times before the year 1000 or more than a day ahead."""
    latest = timezone.now() + FUTURE_ALLOWED
    errors = {}
    for name in names:
        value: datetime | None = getattr(record, name)
        if value is None:
            continue
        if value.year < FIRST_YEAR:
            errors[name] = ValidationError(
                _("%(day)s lies before %(year)s."),
                params={"day": value.date(), "year": FIRST_YEAR},
            )
        elif value > latest:
            errors[name] = ValidationError(
                _("%(day)s lies in the future."), params={"day": f"{value:%Y-%m-%d}"}
            )
    if errors:
        raise ValidationError(errors)
