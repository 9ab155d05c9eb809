"""Limits of how many rows of a kind one record has, for lists that a page shows as a whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.language import Text


def require_space(rows: Any, most: int, field: str, what: Text) -> None:
    """Raises ValidationError at `field` if the queryset `rows` has `most` rows already."""
    if rows.order_by()[:most].count() >= most:
        error = ValidationError(
            _("%(what)s up to %(most)s."), params={"what": what, "most": f"{most:,}"}
        )
        raise ValidationError({field: error})


def require_few(chosen: Collection[Any], most: int, field: str, what: Text) -> None:
    """Raises ValidationError at `field` if more than `most` were chosen."""
    if len(chosen) > most:
        error = ValidationError(
            _("%(what)s up to %(most)s: these are %(count)s."),
            params={"what": what, "most": f"{most:,}", "count": f"{len(chosen):,}"},
        )
        raise ValidationError({field: error})
