"""The incident list's filters and full-text search; web and API share them."""

from __future__ import annotations

import re

import django_filters
from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from incidents.models import Incident, Service, TimelineEntry

_REFERENCE = re.compile(r"^\s*(?:inc-|#)?(\d{1,9})\s*$", re.IGNORECASE)

ORDERS = {
    "-impact_started_at": "Newest first",
    "impact_started_at": "Oldest first",
    "severity": "Most severe first",
    "-updated_at": "Last changed first",
}


def search_incidents(incidents: QuerySet[Incident], words: str) -> QuerySet[Incident]:
    """Incidents whose title, symptom, resolution or timeline match, or whose reference it is.

    `words` are read as a web search: "quoted phrase", or, -without.
    """
    words = words.replace("\x00", "").strip()
    if not words:
        return incidents
    reference = _REFERENCE.match(words)
    query = SearchQuery(words[:500], config="english", search_type="websearch")
    match = Q(search=query) | Q(
        pk__in=TimelineEntry.objects.filter(search=query).values("incident_id")
    )
    match |= Q(services__in=Service.objects.filter(name__iexact=words))
    if reference:
        match |= Q(pk=int(reference[1]))
    return incidents.filter(pk__in=Incident.objects.filter(match).values("pk"))


class IncidentFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="filter_words", label="Words")
    status = django_filters.MultipleChoiceFilter(choices=Incident.Status)
    open = django_filters.BooleanFilter(method="filter_open", label="Open")
    severity = django_filters.MultipleChoiceFilter(choices=Incident.Severity)
    service = django_filters.CharFilter(field_name="services__name", lookup_expr="iexact")
    team = django_filters.CharFilter(
        field_name="services__owner_team", lookup_expr="iexact", distinct=True
    )
    after = django_filters.IsoDateTimeFilter(field_name="impact_started_at", lookup_expr="gte")
    before = django_filters.IsoDateTimeFilter(field_name="impact_started_at", lookup_expr="lt")

    class Meta:
        model = Incident
        fields = ["q", "status", "open", "severity", "service", "team", "after", "before"]

    def filter_words(
        self, incidents: QuerySet[Incident], name: str, value: str
    ) -> QuerySet[Incident]:
        return search_incidents(incidents, value)

    def filter_open(
        self, incidents: QuerySet[Incident], name: str, value: bool
    ) -> QuerySet[Incident]:
        resolved = Q(status=Incident.Status.RESOLVED)
        return incidents.filter(~resolved if value else resolved)
