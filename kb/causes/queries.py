"""Queries on causes and postmortems, and the search field `cause:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.viewer import Viewer
from incidents.search.query_language import Field, search_query
from kb.models import ActionItem, Category, Cause, CauseLink, Postmortem
from kb.permissions import visible_actions, visible_causes, visible_links


def matching_causes(user: Viewer, words: str = "", category: str = "") -> QuerySet[Cause]:
    """Visible causes that none supersedes, by words of their texts and by category."""
    causes = visible_causes(user).filter(superseded_by=None).select_related("category")
    words = words.replace("\x00", "").strip()[:500]
    if words:
        query = SearchQuery(words, config="english", search_type="websearch")
        causes = causes.filter(Q(search=query) | Q(name__icontains=words))
    if category:
        causes = causes.filter(category=category.replace("\x00", ""))
    return causes


def causes_containing(user: Viewer, text: str) -> QuerySet[Cause]:
    """Visible causes that none supersedes, with beginnings of words, or by a part of the name."""
    found = Q(search=search_query(text)) | Q(name__icontains=text)
    return matching_causes(user).filter(found)


TREND = timedelta(days=90)
ORDERS = {
    "-times": _("Most frequent first"),
    "-trend": _("Rising first"),
    "-last_seen": _("Last seen first"),
    "-open_actions": _("Most open actions first"),
    "name": _("By name"),
    "times": _("Rarest first"),
    "trend": _("Falling first"),
    "last_seen": _("Longest ago first"),
    "open_actions": _("Fewest open actions first"),
    "-name": _("By name, backwards"),
}
"""Orders of the list of causes: a column, with a minus where the highest is first."""


@dataclass(frozen=True)
class CauseFigures:
    """What the list shows of a cause besides its texts, of incidents that the viewer may see."""

    times: int = 0
    last_seen: datetime | None = None
    recent: int = 0
    """in the last 90 days"""
    before: int = 0
    """in the 90 days before those"""
    open_actions: int = 0

    @property
    def trend(self) -> int:
        return self.recent - self.before


def listed_causes(
    user: Viewer,
    words: str = "",
    category: str = "",
    order: str = "-times",
    now: datetime | None = None,
) -> list[tuple[int, CauseFigures]]:
    """Keys of matching causes with their figures, in one of `ORDERS`. Five queries.

    Each link is read once for all causes: to count within the query of causes costs ten times that.
    """
    names = dict(matching_causes(user, words, category).values_list("pk", "name"))
    figures = _figures(user, now or timezone.now())
    rows = [(key, figures.get(key, CauseFigures())) for key in names]
    rows.sort(key=lambda row: names[row[0]].lower())
    column, falls = order.removeprefix("-"), order.startswith("-")
    if column == "name":
        return rows[::-1] if falls else rows
    # A cause that was never seen is the last one, whichever end is first.
    known = [row for row in rows if getattr(row[1], column) is not None]
    known.sort(key=lambda row: getattr(row[1], column), reverse=falls)
    return known + [row for row in rows if getattr(row[1], column) is None]


def _figures(user: Viewer, now: datetime) -> dict[int, CauseFigures]:
    at = "incident__impact_started_at"
    links = visible_links(user).exclude(state=CauseLink.State.REJECTED).order_by()
    # To join all incidents takes far longer than to join those of some months.
    times = dict(links.values_list("cause_id").annotate(Count("pk")))
    lately = links.filter(**{f"{at}__gt": now - 2 * TREND}).values_list("cause_id")
    trends = {
        key: (last_seen, recent, before)
        for key, last_seen, recent, before in lately.annotate(
            last_seen=Max(at),
            recent=Count("pk", filter=Q(**{f"{at}__gt": now - TREND, f"{at}__lte": now})),
            before=Count("pk", filter=Q(**{f"{at}__lte": now - TREND})),
        )
    }
    longer_ago = links.filter(cause__in=times.keys() - trends.keys()).values_list("cause_id")
    trends |= {key: (last_seen, 0, 0) for key, last_seen in longer_ago.annotate(Max(at))}
    still_open = visible_actions(user).filter(state=ActionItem.State.OPEN).exclude(cause=None)
    actions = dict(
        still_open.order_by().values("cause").annotate(n=Count("pk")).values_list("cause", "n")
    )
    found = {
        key: CauseFigures(count, *trends[key], actions.pop(key, 0)) for key, count in times.items()
    }
    return found | {key: CauseFigures(open_actions=count) for key, count in actions.items()}


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
