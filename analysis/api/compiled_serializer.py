"""Writes what a serializer describes, several times as fast as the serializer does.

Suggestions are deeply nested and hold several hundred values: Django REST framework's own way of
reading each value took longer than finding the suggestions did.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers

Written = dict[tuple[type, int], tuple[Any, dict[str, Any]]]
"""Objects and their data by serializer and identity: the same incidents recur in an answer."""
Writer = Callable[[Any, Written], Any]

PLAIN = {
    serializers.BooleanField: bool,
    serializers.CharField: str,
    serializers.FloatField: float,
    serializers.IntegerField: int,
}
"""Fields that write values of a type as they are."""


def compiled(serializer: type[serializers.Serializer]) -> Callable[[Any], dict[str, Any]]:
    """A function that returns the same as `serializer(instance).data`, as plain data.

    For serializers of objects that always have every field: no missing attributes, no dicts.
    """

    @cache
    def writer() -> Writer:
        return _writer(serializer())

    return lambda instance: writer()(instance, {})


def _writer(field: serializers.Field) -> Writer:
    if isinstance(field, serializers.ListSerializer) and field.child is not None:
        write_item = _writer(field.child)
        return lambda items, written: [write_item(item, written) for item in items]
    if isinstance(field, serializers.Serializer):
        return _object_writer(field)
    return lambda value, _: field.to_representation(value)


def _object_writer(serializer: serializers.Serializer) -> Writer:
    fields = [
        (name, _getter(field), PLAIN.get(type(field)), _value_writer(field))
        for name, field in serializer.fields.items()
    ]
    kind = type(serializer)

    def write(instance: Any, written: Written) -> dict[str, Any]:
        before = written.get((kind, id(instance)))
        if before is not None:
            return before[1]
        data = {}
        for name, get, plain, write_value in fields:
            value = get(instance)
            data[name] = value if type(value) is plain else write_value(value, written)
        written[kind, id(instance)] = instance, data
        return data

    return write


def _getter(field: serializers.Field) -> Callable[[Any], Any]:
    if isinstance(field, serializers.SerializerMethodField):
        return lambda instance: instance
    return attrgetter(".".join(field.source_attrs))


def _value_writer(field: serializers.Field) -> Writer:
    """Calls what can be called, such as `get_absolute_url`, and writes None as such."""
    write = _writer(field)

    def write_value(value: Any, written: Written) -> Any:
        if callable(value):
            value = value()
        return None if value is None else write(value, written)

    return write_value
