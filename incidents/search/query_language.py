"""The language of the search box: words, "phrases", -without, and fields such as service:orders-db.

Other packages add fields: `SEARCH_FIELDS.register("cause", Field("cause:expiry", function))`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery
from django.db.models import Q

from common.registry import Registry
from common.times import period_of
from incidents.custom_fields.matching import fields_named, incidents_where
from incidents.models import Alert, CustomField, Incident, Service

MAX_CHARACTERS = 500
_FIELD = re.compile(r'(?<!\S)(-?)([a-z][a-z0-9_]{0,29}):(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_LAST_WORD = re.compile(r"(?<![\S])([A-Za-z][A-Za-z0-9]{2,40})$")


@dataclass(frozen=True)
class Field:
    """A field of the language: an example, and a function from its value to a filter.

    `narrow` raises ValueError with a message for the person when the value is invalid.
    """

    example: str
    narrow: Callable[[str], Q]


@dataclass
class Query:
    words: str
    """The rest, for full-text search in web search syntax."""
    fields: list[tuple[str, str, bool]] = field(default_factory=list)
    """(name, value, negated)"""
    problems: list[str] = field(default_factory=list)
    custom: dict[str, CustomField] = field(default_factory=dict)
    """custom fields that it names"""

    def where(self) -> Q:
        """The filter of all fields. Invalid values are listed in `problems`."""
        condition = Q()
        for name, value, negated in self.fields:
            try:
                if name in self.custom:
                    narrowed = incidents_where(self.custom[name], value)
                else:
                    narrowed = SEARCH_FIELDS[name].narrow(value)
            except ValueError as error:
                self.problems.append(f"{name}: {error}")
                continue
            condition &= ~narrowed if negated else narrowed
        return condition


def parse_query(text: str, known: Collection[str] | None = None) -> Query:
    """Split a query into fields and words. Unknown names are words: `http://…` is no field.

    Custom fields are known by their names, unless the caller says what is `known`.
    """
    text = text.replace("\x00", "")[:MAX_CHARACTERS].replace("“", '"').replace("”", '"')
    query = Query("")
    names = SEARCH_FIELDS.keys() if known is None else known
    if known is None:
        used = {match[2].lower() for match in _FIELD.finditer(text)}
        query.custom = fields_named(used - SEARCH_FIELDS.keys())

    def add_field(match: re.Match[str]) -> str:
        minus, name, quoted, plain = match.groups()
        if name.lower() not in names and name.lower() not in query.custom:
            return match[0]
        query.fields.append((name.lower(), quoted if quoted is not None else plain, bool(minus)))
        return " "

    query.words = " ".join(_FIELD.sub(add_field, text).split())
    return query


def search_query(words: str) -> SearchQuery | CombinedSearchQuery:
    """A full-text query in web search syntax; the last word also matches as a prefix."""
    whole = SearchQuery(words, config="english", search_type="websearch")
    last = _LAST_WORD.search(words)
    if last is None or words.count('"') % 2 or re.search(r"(?:^|\s)-\S*$", words):
        return whole
    begun = SearchQuery(f"{last[1]}:*", config="english", search_type="raw")
    rest = words[: last.start()].strip()
    if not rest or rest.split()[-1].lower() == "or":
        return whole | begun
    return whole | (SearchQuery(rest, config="english", search_type="websearch") & begun)


def _services(**lookups: str) -> Q:
    services = Service.objects.filter(**lookups)
    through = Incident.services.through.objects.filter(service__in=services)
    return Q(pk__in=through.values("incident_id"))


def _choice(choices: Collection[str], value: str) -> str:
    choice = next((each for each in choices if each.lower() == value.lower()), None)
    if choice is None:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}.")
    return choice


def _status(value: str) -> Q:
    if value.lower() == "open":
        return ~Q(status=Incident.Status.RESOLVED)
    return Q(status=_choice([*Incident.Status.values, "open"], value))


def _reporter(value: str) -> Q:
    return Q(reporter__username__iexact=value)


def _owner(value: str) -> Q:
    if value.lower() == "nobody":
        return Q(owner=None)
    return Q(owner__username__iexact=value)


def label_of(value: str) -> dict[str, str]:
    """A label as search and filters name it: namespace=payments. Raises ValueError."""
    name, separator, wanted = value.partition("=")
    if not (separator and name.strip() and wanted.strip()):
        raise ValueError(f"{value!r} is no label. Write its name and value: namespace=payments.")
    return {name.strip(): wanted.strip()}


def _label(value: str) -> Q:
    label = label_of(value)
    alerts = Alert.objects.filter(labels__contains=label, incident__isnull=False).order_by()
    own = Incident.objects.filter(labels__contains=label).order_by()
    # A union, so that each part uses its own index.
    return Q(pk__in=alerts.values("incident_id").union(own.values("pk")))


SEARCH_FIELDS: Registry[Field] = Registry(
    "search fields",
    {
        "service": Field("service:orders-db", lambda value: _services(name__iexact=value)),
        "team": Field('team:"Payments"', lambda value: _services(owner__name__iexact=value)),
        "tier": Field(
            "tier:core", lambda value: _services(tier=_choice(Service.Tier.values, value))
        ),
        "severity": Field(
            "severity:SEV1", lambda value: Q(severity=_choice(Incident.Severity.values, value))
        ),
        "status": Field("status:open", _status),
        "alert": Field(
            "alert:HighCPU",
            lambda value: Q(
                pk__in=Incident.objects.filter(alerts__name__iexact=value).values("pk")
            ),
        ),
        "label": Field("label:namespace=payments", _label),
        "by": Field("by:anna", _reporter),
        "owner": Field("owner:anna", _owner),
        "after": Field(
            "after:2026-01", lambda value: Q(impact_started_at__gte=period_of(value)[0])
        ),
        "before": Field("before:2026-02-15", lambda v: Q(impact_started_at__lt=period_of(v)[0])),
        "on": Field(
            "on:2026-03",
            lambda value: Q(
                impact_started_at__gte=period_of(value)[0],
                impact_started_at__lt=period_of(value)[1],
            ),
        ),
    },
)
