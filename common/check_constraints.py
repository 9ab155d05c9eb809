"""Check constraints whose validation needs no query.

Django asks the database whether a condition holds for a record that is not saved yet: a savepoint
and a query for each constraint, 1.7 ms each. So filing an incident takes 21 ms instead of 29.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import reduce
from operator import ge, gt, le, lt, xor
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.models import CheckConstraint as DatabaseCheckConstraint
from django.db.models import F, Model, Q

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


class NotInPython(Exception):
    """The condition or a value is one that only the database can judge."""


class CheckConstraint(DatabaseCheckConstraint):
    """As Django's, in the database and in migrations too."""

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Collection[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raise ValidationError if the condition is false; unknown, by a NULL, is no violation.

        A condition that names a field of `exclude` is not checked.
        """
        assert isinstance(self.condition, Q)
        try:
            violated = is_true(self.condition, instance, exclude or ()) is False
        except NotInPython:
            # The type that the stubs expect is narrower than what Django takes.
            super().validate(model, instance, exclude, using)  # type: ignore[arg-type]
            return
        if violated:
            raise ValidationError(
                self.get_violation_error_message(), code=self.violation_error_code
            )

    def deconstruct(self) -> Any:
        _, args, kwargs = super().deconstruct()
        return "django.db.models.CheckConstraint", args, kwargs


def is_true(condition: Q, record: Model, exclude: Collection[str]) -> bool | None:
    """Whether a condition holds for the values of a record, in SQL's logic of three values.

    Raises NotInPython for what it does not know, such as functions and other lookups.
    """
    parts = [_part(child, record, exclude) for child in condition.children]
    if condition.connector == Q.XOR:
        found = None if None in parts else reduce(xor, parts)
    else:
        # What decides the whole: one false part of "and", one true part of "or".
        decides = condition.connector == Q.OR
        found = decides if decides in parts else (None if None in parts else not decides)
    return not found if condition.negated and found is not None else found


def _part(child: Any, record: Model, exclude: Collection[str]) -> bool | None:
    if isinstance(child, Q):
        return is_true(child, record, exclude)
    if not isinstance(child, tuple):
        raise NotInPython
    name, _, lookup = child[0].partition("__")
    return _compare(_value(name, record, exclude), lookup or "exact", child[1], record, exclude)


def _compare(
    value: Any, lookup: str, other: Any, record: Model, exclude: Collection[str]
) -> bool | None:
    if isinstance(other, F):
        other = _value(other.name, record, exclude)  # type: ignore[attr-defined]  # the stubs
    elif lookup == "exact" and other is None:
        lookup, other = "isnull", True
    if lookup == "isnull":
        return (value is None) is other
    if value is None or other is None:
        return None
    if lookup == "exact":
        return bool(value == other)
    if lookup == "in":
        return value in other
    if lookup not in COMPARISONS:
        raise NotInPython
    try:
        return COMPARISONS[lookup](value, other)
    except TypeError as error:
        raise NotInPython from error


def _value(name: str, record: Model, exclude: Collection[str]) -> Any:
    if name in exclude:
        # Django leaves out such a condition.
        raise NotInPython
    value = record.pk if name == "pk" else record.serializable_value(name)
    if hasattr(value, "resolve_expression"):
        raise NotInPython
    return value
