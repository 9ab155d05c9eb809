"""Groups of alike incidents that have no cause yet: knowledge that only wants a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from scipy.sparse import coo_array
from sklearn.cluster import DBSCAN

from analysis.models import AlikeGroup
from analysis.similarity.text import surface_words
from analysis.similarity.weights import is_plain
from analysis.suggestions.documents import document_of, prefetch_telling, with_features
from analysis.suggestions.live_index import library
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.models import CauseLink

MOST_INCIDENTS = 3000
NEIGHBOURS = 12
ALIKE = 0.35
"""Likeness from which two incidents may be of one group."""
TERMS = 4


@dataclass(frozen=True)
class Group:
    """Incidents without a cause that are alike, and the words they share."""

    pk: int
    name: str
    incidents: list[Incident]


def without_cause() -> Any:
    """Incidents nobody gave a cause, not even a suspected one, newest first."""
    linked = CauseLink.objects.exclude(state=CauseLink.State.REJECTED).values("incident_id")
    return Incident.objects.exclude(pk__in=linked).filter(merged_into=None)


def regroup() -> int:
    """Find the groups anew by density (Ester et al., DBSCAN, 1996) and store them; how many.

    Alike are pairs that the similarity index ranks among each other's nearest.
    """
    rows = prefetch_telling(with_features(without_cause())[:MOST_INCIDENTS])
    documents = {row.pk: document_of(row) for row in rows}
    keys = list(documents)
    places = {key: place for place, key in enumerate(keys)}
    pairs: dict[tuple[int, int], float] = {}
    for key, document in documents.items():
        for hit in library.search(document, NEIGHBOURS, {key}, documents.keys()):
            if hit.likeness >= ALIKE:
                pair = (min(places[key], places[hit.key]), max(places[key], places[hit.key]))
                pairs[pair] = max(pairs.get(pair, 0.0), hit.likeness)
    found = []
    if pairs:
        left, right = np.array(list(pairs)).T
        apart = 1.0 - np.array(list(pairs.values()))
        apart = np.maximum(apart, 1e-6)
        size = len(keys)
        graph = coo_array(
            (np.r_[apart, apart], (np.r_[left, right], np.r_[right, left])), shape=(size, size)
        ).tocsr()
        labels = DBSCAN(eps=1 - ALIKE, min_samples=2, metric="precomputed").fit_predict(graph)
        for label in range(labels.max() + 1):
            members = [keys[place] for place in np.flatnonzero(labels == label)]
            found.append(AlikeGroup(terms=_terms(documents, members), incidents=members))
    found.sort(key=lambda group: -len(group.incidents))
    with transaction.atomic():
        AlikeGroup.objects.all().delete()
        AlikeGroup.objects.bulk_create(found[:200])
    return len(found)


def _terms(documents: dict[int, Any], members: list[int]) -> list[str]:
    """The words that the first member shares most with the others."""
    first, *others = (documents[key] for key in members[:20])
    weights: Counter[str] = Counter()
    for comparison in library.compare(first, others).values():
        for overlap in comparison.shared:
            if is_plain(overlap.term):
                weights[overlap.term] += overlap.score  # type: ignore[assignment]
    words = surface_words(" \n ".join(first.text.values()))
    return [words.get(term, term) for term, _ in weights.most_common(TERMS)]


def groups_for(user: Any, limit: int = 20) -> list[Group]:
    """Groups of at least two incidents that `user` may see and that still have no cause."""
    rows = list(AlikeGroup.objects.all())
    wanted = {pk for row in rows for pk in row.incidents}
    seen = visible_incidents(user).filter(pk__in=wanted).prefetch_related("services").in_bulk()
    without = _still_without(wanted)
    found = []
    for row in rows:
        # A group's words may be those of an incident that the asker must not know of.
        if not all(pk in seen for pk in row.incidents):
            continue
        incidents = [seen[pk] for pk in row.incidents if pk in without]
        if len(incidents) > 1:
            found.append(Group(row.pk, " ".join(row.terms), incidents))
    return found[:limit]


def _still_without(incidents: set[int]) -> set[int]:
    return set(without_cause().filter(pk__in=incidents).values_list("pk", flat=True))
