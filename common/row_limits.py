"""Limits of how many rows of a kind one record has, for lists that a page shows as a whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError


def require_space(rows: Any, most: int, field: str, what: str) -> None:
    """Raises ValidationError at `field` if the queryset `rows` has `most` rows already."""
    if rows.order_by()[:most].count() >= most:
        raise ValidationError({field: f"{what} up to {most:,}."})


def require_few(chosen: Collection[Any], most: int, field: str, what: str) -> None:
    """Raises ValidationError at `field` if more than `most` were chosen."""
    if len(chosen) > most:
        raise ValidationError({field: f"{what} up to {most:,}: these are {len(chosen):,}."})
