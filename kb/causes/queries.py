"""Queries on causes and postmortems, and the search field `cause:`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from common.viewer import Viewer
from incidents.search.query_language import Field
from kb.models import ActionItem, Category, Cause, CauseLink, Postmortem
from kb.permissions import visible_actions, visible_causes, visible_links


def causes_with_counts(user: Viewer, words: str = "", category: str = "") -> QuerySet[Cause]:
    """Visible causes with `times` (links that are not rejected) and `last_seen`, frequent first."""
    counted = Q(links__in=visible_links(user)) & ~Q(links__state=CauseLink.State.REJECTED)
    causes = visible_causes(user).filter(superseded_by=None).select_related("category")
    words = words.replace("\x00", "").strip()[:500]
    if words:
        query = SearchQuery(words, config="english", search_type="websearch")
        causes = causes.filter(Q(search=query) | Q(name__icontains=words))
    if category:
        causes = causes.filter(category=category.replace("\x00", ""))
    counts = causes.annotate(
        times=Count("links", filter=counted, distinct=True),
        last_seen=Max("links__incident__impact_started_at", filter=counted),
    )
    return counts.order_by("-times", "name")


TREND = timedelta(days=90)
ORDERS = {
    "-times": "Most frequent first",
    "-trend": "Rising first",
    "-last_seen": "Last seen first",
    "-open_actions": "Most open actions first",
    "name": "By name",
    "times": "Rarest first",
    "trend": "Falling first",
    "last_seen": "Longest ago first",
    "open_actions": "Fewest open actions first",
    "-name": "By name, backwards",
}
"""Orders of the list of causes: a column, with a minus where the highest is first."""


def listed_causes(
    user: Viewer,
    words: str = "",
    category: str = "",
    order: str = "-times",
    now: datetime | None = None,
) -> QuerySet[Cause]:
    """`causes_with_counts` in one of `ORDERS`, with what the list shows besides.

    `recent` and `before` are the incidents of the last 90 days and of the 90 before, `trend` their
    difference, `open_actions` the action items that the user may see.
    """
    counted = Q(links__in=visible_links(user)) & ~Q(links__state=CauseLink.State.REJECTED)
    now, at = now or timezone.now(), "links__incident__impact_started_at"
    recent = Q(**{f"{at}__gt": now - TREND, f"{at}__lte": now})
    before = Q(**{f"{at}__gt": now - 2 * TREND, f"{at}__lte": now - TREND})
    actions = visible_actions(user).filter(cause=OuterRef("pk"), state=ActionItem.State.OPEN)
    of_cause = actions.order_by().values("cause").annotate(count=Count("pk")).values("count")
    causes = causes_with_counts(user, words, category).annotate(
        recent=Count("links", filter=counted & recent, distinct=True),
        before=Count("links", filter=counted & before, distinct=True),
        trend=F("recent") - F("before"),
        open_actions=Coalesce(Subquery(of_cause), 0),
    )
    column = F(order.removeprefix("-"))
    # A cause without incidents was seen longest ago, whichever end is first.
    by = column.desc(nulls_last=True) if order.startswith("-") else column.asc(nulls_last=True)
    return causes.order_by(by, "name")


_HEADING = re.compile(r"^#{1,6}[ \t]++(.+)$", re.MULTILINE)
_SYMPTOM_HEADING = re.compile(
    r"summary|symptom|what happened|impact|detection|description", re.IGNORECASE
)
MAX_SYMPTOM_CHARACTERS = 1500


def postmortem_symptoms(postmortem: Postmortem) -> str:
    """What a postmortem says about symptoms: the text that new incidents are compared with.

    It is below such headings, or the beginning where there are none.
    """
    body = postmortem.body[:100_000]
    parts = _HEADING.split(body)
    sections = [
        text
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
        if _SYMPTOM_HEADING.search(title)
    ]
    return ("\n".join(sections) or body)[:MAX_SYMPTOM_CHARACTERS].strip()


def _with_cause(**conditions: Any) -> Q:
    links = CauseLink.objects.filter(**conditions).exclude(state=CauseLink.State.REJECTED)
    return Q(pk__in=links.values("incident_id"))


def _by_cause(value: str) -> Q:
    """By category, or by words of the cause's name."""
    if Category.objects.filter(slug__iexact=value).exists():
        return _with_cause(cause__category__slug__iexact=value)
    return _with_cause(cause__name__icontains=value)


CAUSE_FIELD = Field("cause:expiry", _by_cause)
