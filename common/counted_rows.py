"""Counts of related rows that neither join nor multiply those of the query around them, and how
many rows a table or a query has without counting them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    Count,
    Func,
    IntegerField,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce


def count_of(rows: QuerySet[Any], field: str, outer: str = "pk") -> Coalesce:
    """For an annotation: how many of `rows` have in `field` what the row around has in `outer`."""
    related = rows.filter(**{field: OuterRef(outer)}).order_by().values(field)
    return Coalesce(Subquery(related.annotate(n=Count("pk")).values("n")), 0)


def count_up_to(most: int, rows: QuerySet[Any], field: str, outer: str = "pk") -> Func:
    """As `count_of`, but `most` where there are more: the database reads no further rows."""
    related = rows.filter(**{field: OuterRef(outer)}).order_by().values("pk")[:most]
    return Func(ArraySubquery(related), function="CARDINALITY", output_field=IntegerField())


def estimated_rows(model: type[Model]) -> int:
    """As PostgreSQL counted them when it last looked; 0 where it never has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [model._meta.db_table]
        )
        row = cursor.fetchone()
    return max(0, int(row[0])) if row else 0


def planned_rows(rows: QuerySet[Any]) -> int:
    """As many as PostgreSQL expects by its statistics of the values; it reads none of them."""
    # Empty for a query that Django knows to find nothing.
    plans = json.loads(rows.explain(format="json") or "[]")
    return int(plans[0]["Plan"]["Plan Rows"]) if plans else 0
