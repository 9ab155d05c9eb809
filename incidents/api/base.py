"""What all API modules share: parsers, filters, fields, pagination, problem details."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as RuleBroken
from django.db import models
from django.db.models import QuerySet
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common import json_text
from people.models import Team


class CleanJson(JSONParser):
    """JSON not nested too deep, of no endless lists, without characters that PostgreSQL rejects."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        # Python has codecs that inflate, and JSON is UTF-8 whatever the sender names.
        context = {**(parser_context or {}), "encoding": "utf-8"}
        try:
            data = super().parse(stream, media_type, context)
            name = _first_field(data, _has_bad_character)
            long = "" if name else _first_field(data, _is_long)
        except RecursionError as error:
            raise exceptions.ParseError("The body is nested too deep.") from error
        if name:
            raise exceptions.ValidationError({name: [BAD_CHARACTER]})
        if long:
            raise exceptions.ValidationError({long: [f"At most {MOST_ENTRIES:,} entries at once."]})
        return data


MOST_ENTRIES = 1000
"""Of a list or an object: each may cost a query."""
BAD_CHARACTER = "Null characters and halves of surrogate pairs are not allowed."


def _is_bad(text: str) -> bool:
    return "\x00" in text or json_text.has_half(text)


def _is_long(value: Any) -> bool:
    return isinstance(value, dict | list) and len(value) > MOST_ENTRIES


def _has_bad_character(value: Any) -> bool:
    """Whether no database stores it, or a name of what is in it."""
    texts = value if isinstance(value, dict) else [value] if isinstance(value, str) else ()
    return any(_is_bad(text) for text in texts)


def _first_field(data: Any, is_wrong: Callable[[Any], bool], name: str = "") -> str:
    """The name of the first field with something wrong anywhere in it; empty without one."""
    if is_wrong(data):
        return name or "body"
    inside: Iterable[tuple[str, Any]]
    if isinstance(data, dict):
        inside = data.items()
    elif isinstance(data, list):
        inside = ((name, each) for each in data)
    else:
        return ""
    return next(filter(None, (_first_field(v, is_wrong, name or k) for k, v in inside)), "")


class _NumbersField(forms.MultipleChoiceField):
    def valid_value(self, value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 19


class _NumbersFilter(django_filters.MultipleChoiceFilter):
    field_class = _NumbersField


class NumberFilters(FilterSet):
    """Refers to other records by number: an error would say which numbers exist."""

    FILTER_DEFAULTS: ClassVar[Any] = {
        **FilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": django_filters.NumberFilter},
        models.ManyToManyField: {"filter_class": _NumbersFilter},
    }


class CleanFilters(DjangoFilterBackend):
    """Filters by query parameters; refuses null characters in them."""

    filterset_base = NumberFilters

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        for name, value in request.query_params.items():
            if "\x00" in value:
                raise exceptions.ValidationError({name: ["Null characters are not allowed."]})
        return super().filter_queryset(request, queryset, view)


class NameField(serializers.SlugRelatedField):
    """A record, referred to by its name."""

    def __init__(self, **options: Any) -> None:
        super().__init__("name", **options)


@extend_schema_field({"type": "string", "maxLength": 100})
class TeamField(serializers.Field):
    """A team, by its name; none, by an empty text."""

    def to_internal_value(self, data: Any) -> Team | None:
        if not isinstance(data, str):
            raise serializers.ValidationError("Give the name of a team.")
        team = Team.known(data)
        if data.strip() and team is None:
            raise serializers.ValidationError(Team.unknown(data))
        return team

    def get_attribute(self, instance: Any) -> str:
        # None would be written as null; the field has always been an empty text then.
        return str(super().get_attribute(instance) or "")

    def to_representation(self, value: str) -> str:
        return value


@extend_schema_field(int)
class VisibleRecordField(serializers.PrimaryKeyRelatedField):
    """A record, referred to by its id, among those that `permission(user)` returns."""

    def __init__(self, permission: Callable[[Any], QuerySet[Any]], **options: Any) -> None:
        self.permission = permission
        super().__init__(**options)

    def get_queryset(self) -> QuerySet[Any]:
        return self.permission(self.context["request"].user)


def validated_body(
    request: Request, serializer_class: type[serializers.Serializer]
) -> dict[str, Any]:
    """The body of a request after validation. Raises ValidationError by field."""
    form = serializer_class(data=request.data, context={"request": request})
    form.is_valid(raise_exception=True)
    return form.validated_data


class CursorPages(CursorPagination):
    """Cursor pagination: stable while records are added, cheap on page one thousand."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Errors as application/problem+json (RFC 9457); `errors` maps field names to messages."""
    if isinstance(error, RuleBroken):
        # The rules' own errors, with the same texts as in forms.
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        error = exceptions.ValidationError(detail)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    body: dict[str, Any] = {
        "type": "about:blank",
        # A translatable text: not every renderer can write one.
        "title": str(error.default_detail),
        "status": response.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        body["title"] = "Some fields are not valid."
        data = response.data
        body["errors"] = data if isinstance(data, dict) else {"__all__": data}
    else:
        body["detail"] = str(error.detail)
    response.data = body
    response.content_type = "application/problem+json"
    return response
