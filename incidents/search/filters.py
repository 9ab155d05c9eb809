"""Filters and full-text search of incidents, for web and API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

import django_filters
import django_filters.fields
from django import forms
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.counted_rows import estimated_rows, planned_rows
from incidents.custom_fields.matching import (
    incidents_where,
    services_where,
    value_check,
    wanted_fields,
)
from incidents.models import Alert, Change, CustomField, Incident, TimelineEntry
from incidents.search.query_language import label_of, parse_query, search_query

_REFERENCE = re.compile(r"^\s*(?:inc-|#)?(\d{1,9})\s*$", re.IGNORECASE | re.ASCII)

FEW = 1000
"""Incidents that are found as fast in one way as in another."""
ORDERS = {
    "-impact_started_at": _("Newest first"),
    "impact_started_at": _("Oldest first"),
    "severity": _("Most severe first"),
    "-updated_at": _("Last changed first"),
}


def by_reference(incidents: QuerySet[Incident], reference: str) -> Incident | None:
    """The one of `incidents` with a reference such as INC-42, #42 or 42."""
    number = _REFERENCE.match(reference)
    return incidents.filter(pk=int(number[1])).first() if number else None


def search_incidents(incidents: QuerySet[Incident], text: str) -> QuerySet[Incident]:
    """Incidents whose title, symptom, resolution or timeline match, or whose reference it is.

    `text` is in the language of `query_language.py`. A field with an invalid value matches
    nothing: use `parse_query` to show a person why.
    """
    query = parse_query(text)
    narrowed = incidents.filter(query.where())
    if query.problems:
        return incidents.none()
    return narrowed.filter(full_text_match(query.words)) if query.words else narrowed


def full_text_match(words: str) -> Q:
    """Incidents that match as text, or whose service or reference is named."""
    query = search_query(words)
    as_text = Incident.objects.filter(search=query).order_by()
    notes = TimelineEntry.objects.filter(search=query).order_by().values("incident_id")
    named = Incident.services.through.objects.filter(service__name__iexact=words)
    parts: list[QuerySet[Any, Any]] = [notes, named.values("incident_id")]
    if reference := _REFERENCE.match(words):
        parts.append(Incident.objects.filter(pk=int(reference[1])).order_by().values("pk"))
    matching = planned_rows(as_text)
    if matching > FEW and matching > estimated_rows(Incident) / 3:
        # To compare each row takes half as long as to put together what indexes find.
        return reduce(or_, (Q(pk__in=part) for part in parts), Q(search=query))
    # A union, so that each part uses its own index.
    return Q(pk__in=as_text.values("pk").union(*parts))


def incidents_by_keys(
    keys: Iterable[int], related: Sequence[str | Prefetch[Any]] = ("services", "causes")
) -> list[Incident]:
    """The incidents of `keys` in that order, with their owners and `related`.

    To sort the keys of a search and read the few rows after it costs half of sorting whole rows.
    """
    ordered = list(keys)
    listed = Incident.objects.select_related("owner").prefetch_related(*related)
    rows = listed.in_bulk(ordered)
    return [rows[key] for key in ordered if key in rows]


class UtcDateTimeField(django_filters.fields.IsoDateTimeField):
    """A time as UTC: PostgreSQL rejects some offsets that ISO 8601 in Python allows."""

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        try:
            return moment.astimezone(UTC) if moment else None
        except OverflowError as error:
            raise forms.ValidationError("Enter a valid date/time.") from error


class UtcDateTimeFilter(django_filters.IsoDateTimeFilter):
    field_class = UtcDateTimeField


class AnyOfField(django_filters.fields.MultipleChoiceField):
    """Several choices. An empty one, which a select sends for “any”, restricts nothing."""

    def to_python(self, value: Any) -> list[str]:
        return [choice for choice in super().to_python(value) if choice]


class AnyOfFilter(django_filters.MultipleChoiceFilter):
    """Of a column of the record's own, so that no row is found twice."""

    field_class = AnyOfField

    def __init__(self, **options: Any) -> None:
        super().__init__(distinct=False, **options)


class CustomFieldFilter(django_filters.CharFilter):
    """Records by what they have in one custom field; None is a field that does not exist."""

    def __init__(
        self, custom: CustomField | None, where: Callable[[CustomField, str], Q], **options: Any
    ) -> None:
        self.custom, self.where = custom, where
        super().__init__(validators=[value_check(custom, where)], **options)

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(self.where(self.custom, value)) if value and self.custom else qs


class CustomFieldFilters(django_filters.FilterSet):
    """Also filters by parameters field.<name>, such as field.customer=acme."""

    where: Callable[[CustomField, str], Q] = staticmethod(incidents_where)

    def __init__(self, data: Any = None, *args: Any, **options: Any) -> None:
        super().__init__(data, *args, **options)
        for name, custom in wanted_fields(data or {}).items():
            self.filters[name] = CustomFieldFilter(custom, type(self).where)


class ServiceFieldFilters(CustomFieldFilters):
    where = staticmethod(services_where)


class IncidentFilter(CustomFieldFilters):
    q = django_filters.CharFilter(method="filter_words", label="Words")
    status = AnyOfFilter(choices=Incident.Status)
    open = django_filters.BooleanFilter(method="filter_open", label="Open")
    severity = AnyOfFilter(choices=Incident.Severity)
    service = django_filters.CharFilter(field_name="services__name", lookup_expr="iexact")
    team = django_filters.CharFilter(
        field_name="services__owner__name", lookup_expr="iexact", distinct=True
    )
    owner = django_filters.CharFilter(field_name="owner__username", lookup_expr="iexact")
    after = UtcDateTimeFilter(field_name="impact_started_at", lookup_expr="gte")
    before = UtcDateTimeFilter(field_name="impact_started_at", lookup_expr="lt")

    class Meta:
        model = Incident
        fields = ["q", "status", "open", "severity", "service", "team", "owner", "after", "before"]

    def filter_words(
        self, incidents: QuerySet[Incident], name: str, value: str
    ) -> QuerySet[Incident]:
        return search_incidents(incidents, value)

    def filter_open(
        self, incidents: QuerySet[Incident], name: str, value: bool
    ) -> QuerySet[Incident]:
        resolved = Q(status=Incident.Status.RESOLVED)
        return incidents.filter(~resolved if value else resolved)


def _check_label(value: str) -> None:
    try:
        label_of(value)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from error


class LabelFilter(django_filters.CharFilter):
    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[_check_label], **options)

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(labels__contains=label_of(value)) if value else qs


class ChangeFilter(django_filters.FilterSet):
    service = django_filters.CharFilter(field_name="service__name", lookup_expr="iexact")
    after = UtcDateTimeFilter(field_name="started_at", lookup_expr="gte")
    before = UtcDateTimeFilter(field_name="started_at", lookup_expr="lt")
    counts = django_filters.BooleanFilter(label="Counts as a change of production")
    environment = django_filters.CharFilter(lookup_expr="iexact")

    class Meta:
        model = Change
        fields = ["service", "kind", "after", "before", "counts", "environment"]


class AlertFilter(django_filters.FilterSet):
    name = django_filters.CharFilter()
    service = django_filters.CharFilter(field_name="service__name", lookup_expr="iexact")
    # A number, not a choice of incidents: errors must not reveal which ones exist.
    incident = django_filters.NumberFilter(field_name="incident_id")
    after = UtcDateTimeFilter(field_name="starts_at", lookup_expr="gte")
    before = UtcDateTimeFilter(field_name="starts_at", lookup_expr="lt")
    label = LabelFilter(label="A label of the alert, such as namespace=payments")

    class Meta:
        model = Alert
        fields = ["name", "service", "status", "incident", "after", "before", "label"]
