"""One search over everything: incidents, causes, postmortems, services, changes, log lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from django.contrib.postgres.search import SearchHeadline
from django.db.models import Q, TextField
from django.db.models.functions import Cast, Left

from analysis.core.log_templates import possible_templates, template_id
from analysis.models import Fingerprint
from analysis.suggestions.engine import suggest_for_text
from analysis.suggestions.types import AlikeIncident
from common.viewer import Viewer
from incidents.models import Change, Incident, Service
from incidents.permissions import visible_incidents
from incidents.search.filters import full_text_match, incidents_by_keys
from incidents.search.query_language import Query, parse_query, search_query
from kb.causes.queries import causes_containing
from kb.models import Cause, Postmortem
from kb.permissions import visible_postmortems

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

MAX_INCIDENTS = 20
MAX_OTHERS = 6
PASTED_LINES, PASTED_WORDS = 2, 14
"""Text of so many lines or words counts as a pasted log or stack trace."""
MAX_LINES = 60
MATCH_START, MATCH_END = "\x02", "\x03"
"""Around what matched in an excerpt: control characters, which escaping for HTML leaves alone."""


class _Excerpt(TypedDict):
    headline: str


@dataclass
class SearchResults:
    """The first few matches of each kind, of what the user may see."""

    query: Query
    incidents: list[Incident] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    postmortems: list[WithAnnotations[Postmortem, _Excerpt]] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    by_template: list[tuple[Incident, str]] = field(default_factory=list)
    """incidents in whose logs a pasted line was new or bursting, and its template"""
    nearest: list[AlikeIncident] = field(default_factory=list)
    """what is merely alike, where nothing contains all words or a text was pasted"""
    pasted: bool = False

    @property
    def anything(self) -> bool:
        return bool(
            self.incidents or self.causes or self.postmortems or self.services or self.changes
            or self.by_template
        )  # fmt: skip


def search_everything(text: str, user: Viewer) -> SearchResults:
    """Search with words, phrases and fields, or with pasted log lines or a stack trace."""
    if is_pasted(text):
        return _search_pasted(text, user)
    query = parse_query(text)
    found = SearchResults(query)
    where = query.where()
    if query.problems or not (query.words or query.fields):
        return found
    incidents = visible_incidents(user).filter(where)
    if query.words:
        incidents = incidents.filter(full_text_match(query.words))
    found.incidents = incidents_by_keys(incidents.values_list("pk", flat=True)[:MAX_INCIDENTS])
    if query.words and not query.fields:
        wanted = search_query(query.words)
        found.causes = list(causes_containing(user, query.words)[:MAX_OTHERS])
        found.postmortems = list(
            visible_postmortems(user)
            .filter(search=wanted)
            .annotate(
                headline=SearchHeadline(
                    Cast(Left("body", 20_000), TextField()),
                    wanted,
                    config="english",
                    start_sel=MATCH_START,
                    stop_sel=MATCH_END,
                    max_words=26,
                    min_words=12,
                )
            )
            .defer("body", "search")[:MAX_OTHERS]
        )
        found.services = list(Service.objects.filter(name__icontains=query.words)[:MAX_OTHERS])
        found.changes = list(
            Change.objects.filter(
                Q(title__icontains=query.words) | Q(version__iexact=query.words)
            ).select_related("service")[:MAX_OTHERS]
        )
    if query.words and not found.anything:
        found.nearest = suggest_for_text(query.words, user).incidents
    return found


def is_pasted(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) >= PASTED_LINES or len(text.split()) >= PASTED_WORDS


def _search_pasted(text: str, user: Viewer) -> SearchResults:
    """By the templates of the lines first: the same line with other numbers has the same one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:MAX_LINES]
    templates = {
        template_id(template): template for line in lines for template in possible_templates(line)
    }
    found = SearchResults(Query(text), pasted=True)
    prints = Fingerprint.objects.filter(
        templates__has_any_keys=list(templates), incident__in=visible_incidents(user).values("pk")
    )
    for row in prints.select_related("incident").order_by("-incident__impact_started_at")[
        :MAX_INCIDENTS
    ]:
        shared = next(key for key in row.templates if key in templates)
        found.by_template.append((row.incident, templates[shared]))
    found.nearest = suggest_for_text(lines[0][:300], user, symptom=text[:20_000]).incidents
    return found
