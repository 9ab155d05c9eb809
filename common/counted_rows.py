"""Counts of related rows that neither join nor multiply those of the query around them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce


def count_of(rows: QuerySet[Any], field: str, outer: str = "pk") -> Coalesce:
    """For an annotation: how many of `rows` have in `field` what the row around has in `outer`."""
    related = rows.filter(**{field: OuterRef(outer)}).order_by().values(field)
    return Coalesce(Subquery(related.annotate(n=Count("pk")).values("n")), 0)
