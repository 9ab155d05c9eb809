"""Questions and acts on causes and postmortems beyond linking."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from incidents.models import Incident
from kb.models import Cause, CauseLink, Postmortem
from kb.permissions import visible_causes, visible_links


def causes_with_counts(user: Any, words: str = "", category: str = "") -> QuerySet[Cause]:
    """Causes with `times` (links not rejected) and `last_seen`, of what `user` may see."""
    counted = Q(links__in=visible_links(user)) & ~Q(links__state=CauseLink.State.REJECTED)
    causes = visible_causes(user)
    words = words.replace("\x00", "").strip()[:500]
    if words:
        query = SearchQuery(words, config="english", search_type="websearch")
        causes = causes.filter(Q(search=query) | Q(name__icontains=words))
    if category in Cause.Category.values:
        causes = causes.filter(category=category)
    return causes.annotate(
        times=Count("links", filter=counted, distinct=True),
        last_seen=Max("links__incident__impact_started_at", filter=counted),
    )


@transaction.atomic
def save_postmortem(
    postmortem: Postmortem, incidents: Iterable[Incident], author: Any = None
) -> Postmortem:
    """Write a postmortem; publishing it for the first time sets its time."""
    if postmortem.state == Postmortem.State.PUBLISHED:
        postmortem.published_at = postmortem.published_at or timezone.now()
    else:
        postmortem.published_at = None
    postmortem.author = postmortem.author or author
    postmortem.full_clean(exclude=["author"])
    postmortem.save()
    postmortem.incidents.set(incidents)
    return postmortem
