"""Incidents and services by the values of their custom fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.numbers import decimal_in
from incidents.models import CustomField, FieldValue, Incident

PREFIX = "field."
"""Of parameters and columns: field.customer."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_COMPARED = re.compile(r"^(>=|<=|>|<|)\s*(\S+)$")
_LOOKUPS = {"": "number", ">": "number__gt", ">=": "number__gte", "<": "number__lt",
            "<=": "number__lte"}  # fmt: skip


def is_field(name: str) -> bool:
    """Whether a parameter or column is one of a custom field."""
    return name.startswith(PREFIX)


def fields_named(names: Iterable[str]) -> dict[str, CustomField]:
    """The fields in use of these names, of incidents and services; no query without names."""
    wanted = {name for name in names if _NAME.fullmatch(name)}
    if not wanted:
        return {}
    return {row.name: row for row in CustomField.objects.filter(name__in=wanted, archived=False)}


def incidents_where(field: CustomField, value: str) -> Q:
    """Incidents that have a value in a field, or a service that does. Raises ValueError.

    Texts and links contain the value, in any case; other kinds are it. Numbers also compare: >100.
    """
    if field.belongs_to == CustomField.BelongsTo.INCIDENTS:
        return _having(field, value, "incident_id")
    of_service = Incident.services.through.objects.filter(
        service_id__in=_matching(field, value).values("service_id")
    )
    return Q(pk__in=of_service.values("incident_id"))


def services_where(field: CustomField, value: str) -> Q:
    """Services that have a value in a field, as `incidents_where` matches."""
    return _having(field, value, "service_id")


def _having(field: CustomField, value: str, owner: str) -> Q:
    # Without a null: "not in" a list with one matches nothing.
    rows = _matching(field, value).filter(**{f"{owner}__isnull": False})
    return Q(pk__in=rows.values(owner))


def _matching(field: CustomField, value: str) -> Any:
    rows = FieldValue.objects.filter(field=field).order_by()
    return rows.filter(**_MATCHERS[field.kind](field, value.strip()))


def _containing(field: CustomField, value: str) -> dict[str, Any]:
    return {"text__icontains": value}


def _choice(field: CustomField, value: str) -> dict[str, Any]:
    found = field.choice_named(value)
    if found is None:
        raise ValueError(f"{value!r} is none of {', '.join(field.choices[:30])}.")
    return {"text": found}


def _number(field: CustomField, value: str) -> dict[str, Any]:
    compared = _COMPARED.match(value)
    number = decimal_in(compared[2]) if compared else None
    if compared is None or number is None or abs(number) > Decimal(10) ** 20:
        raise ValueError(f"{value!r} is not a number such as 12, >100 or <=3.5.")
    return {_LOOKUPS[compared[1]]: number}


def _person(field: CustomField, value: str) -> dict[str, Any]:
    return {"person__username__iexact": value.removeprefix("@")}


_MATCHERS: dict[str, Callable[[CustomField, str], dict[str, Any]]] = {
    CustomField.Kind.TEXT: _containing,
    CustomField.Kind.LINK: _containing,
    CustomField.Kind.CHOICE: _choice,
    CustomField.Kind.NUMBER: _number,
    CustomField.Kind.PERSON: _person,
}


def wanted_fields(given: Mapping[str, Any]) -> dict[str, CustomField | None]:
    """Of the parameters field.<name>, by parameter: the field, or None where there is none."""
    names = [key for key in given if is_field(key)][:50]
    found = fields_named(name.removeprefix(PREFIX) for name in names)
    return {name: found.get(name.removeprefix(PREFIX)) for name in names}


def value_check(
    field: CustomField | None, where: Callable[[CustomField, str], Q]
) -> Callable[[str], None]:
    """A validator for what is given for such a parameter."""

    def check(value: str) -> None:
        if field is None:
            raise ValidationError(_("There is no such custom field."))
        try:
            where(field, value)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    return check
