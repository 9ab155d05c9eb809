"""Check constraints judged without the database, as the database judges them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Model, Q, Value
from django.db.models.functions import Length
from django.utils import timezone

from common.check_constraints import CheckConstraint, NotInPython, is_true
from incidents.models import Incident, Service

NOW = timezone.now()
LATER = NOW + timedelta(hours=1)
PACKAGES = {"accounts", "analysis", "incidents", "kb", "people", "practice"}
OURS = [
    (model, constraint)
    for model in apps.get_models()
    if model.__module__.partition(".")[0] in PACKAGES
    for constraint in model._meta.constraints
    if isinstance(constraint, models.CheckConstraint)
]


def test_every_check_constraint_of_the_product_is_one() -> None:
    assert [each.name for _, each in OURS if not isinstance(each, CheckConstraint)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "constraint"), OURS, ids=[each.name for _, each in OURS])
def test_it_accepts_and_refuses_what_the_database_does(
    model: type[Model], constraint: CheckConstraint
) -> None:
    fields = [field_named(model, name) for name in sorted(names_in(constraint.condition))]
    verdicts = set()
    for values in product(*map(values_for, fields)):
        record = model(**{f.attname: value for f, value in zip(fields, values, strict=True)})
        verdict = accepts(constraint.validate, record)
        assert verdict == accepts(super(CheckConstraint, constraint).validate, record), values
        verdicts.add(verdict)
    assert verdicts == {True, False}


def names_in(condition: Any) -> set[str]:
    """The fields that a condition names."""
    names: set[str] = set()
    for child in condition.children:
        if isinstance(child, Q):
            names |= names_in(child)
            continue
        name, value = child
        names.add(name.partition("__")[0])
        if isinstance(value, F):
            names.add(value.name)  # type: ignore[attr-defined]  # missing in the stubs
    return names


def field_named(model: type[Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def values_for(field: Any) -> list[Any]:
    if isinstance(field, models.DateTimeField):
        return [None, NOW, LATER]
    if isinstance(field, models.TimeField):
        return [None, NOW.time(), LATER.time()]
    if isinstance(field, models.CharField | models.TextField):
        return [None, "", "another", *(key for key, _ in field.flatchoices or [])]
    return [None, -1, 1, 2, 200]


def accepts(validate: Callable[[type[Model], Model], None], record: Model) -> bool:
    try:
        validate(type(record), record)
    except ValidationError:
        return False
    return True


def filed(**values: Any) -> Incident:
    return Incident(**{"title": "CPU", "severity": "SEV3", "impact_started_at": NOW, **values})


def problems(record: Model, exclude: set[str] | None = None) -> list[str]:
    """Without a database, which these tests may not use."""
    found = []
    for constraint in record._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            try:
                constraint.validate(type(record), record, exclude)
            except ValidationError as error:
                found += error.messages
    return found


def test_an_incident_is_validated_without_a_query() -> None:
    assert problems(filed()) == []
    assert problems(filed(resolved_at=NOW - timedelta(hours=1))) == [
        "“Resolved” lies before “impact started”."
    ]


def test_a_condition_of_an_excluded_field_is_not_checked() -> None:
    assert problems(filed(severity="none such"))
    assert problems(filed(severity="none such"), {"severity"}) == []


@pytest.mark.parametrize(
    "condition",
    [Q(name__startswith="a"), Q(Value(True)), Q(name__gt=3), Q(Length("name"))],
    ids=["lookup", "value", "types", "function"],
)
def test_what_python_does_not_know_is_left_to_the_database(condition: Q) -> None:
    with pytest.raises(NotInPython):
        is_true(condition, Service(name="abc"), ())


@pytest.mark.django_db
def test_the_database_judges_such_a_condition() -> None:
    constraint = CheckConstraint(condition=Q(name__startswith="a"), name="never_in_a_table")
    assert accepts(constraint.validate, Service(name="abc"))
    assert not accepts(constraint.validate, Service(name="xyz"))
