"""Groups of alike incidents that have no cause yet: a cause that only needs a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from analysis.models import AlikeGroup
from analysis.similarity.text import surface_words
from analysis.similarity.thresholds import THRESHOLDS
from analysis.similarity.weights import Document, is_plain
from analysis.suggestions.documents import document_of, prefetch_postmortems, with_features
from analysis.suggestions.live_index import live_index
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.models import CauseLink

MAX_INCIDENTS = 3000
MAX_GROUPS = 200
NEIGHBOURS = 12
MAX_TERMS = 4


@dataclass(frozen=True)
class Group:
    """Incidents without a cause that are alike, and the words they share."""

    pk: int
    name: str
    incidents: list[Incident]


def without_cause() -> Any:
    """Incidents to which nobody linked a cause, not even a suspected one, newest first."""
    linked = CauseLink.objects.filter(incident=OuterRef("pk")).exclude(
        state=CauseLink.State.REJECTED
    )
    return Incident.objects.filter(~Exists(linked), merged_into=None)


def regroup() -> int:
    """Find the groups again by density (Ester et al., DBSCAN, 1996), store and count them."""
    rows = prefetch_postmortems(with_features(without_cause())[:MAX_INCIDENTS])
    documents = {row.pk: document_of(row) for row in rows}
    groups = [
        AlikeGroup(terms=_shared_terms(documents, members), incidents=members)
        for members in _clusters(list(documents), _alike_pairs(documents))
    ]
    groups.sort(key=lambda group: -len(group.incidents))
    with transaction.atomic():
        AlikeGroup.objects.all().delete()
        AlikeGroup.objects.bulk_create(groups[:MAX_GROUPS])
    return len(groups)


def _alike_pairs(documents: dict[int, Document]) -> set[tuple[int, int]]:
    """Pairs, by position, that are similar and that the index ranks among each other's nearest."""
    position = {key: number for number, key in enumerate(documents)}
    pairs = set()
    for key, document in documents.items():
        for hit in live_index.search(document, NEIGHBOURS, {key}, documents.keys()):
            if hit.likeness >= THRESHOLDS.grouped_from:
                left, right = sorted((position[key], position[hit.key]))
                pairs.add((left, right))
    return pairs


def _clusters(keys: list[int], pairs: Collection[tuple[int, int]]) -> Iterator[list[int]]:
    """What pairs connect, also by way of others: DBSCAN's clusters where two are a group."""
    neighbours = defaultdict(list)
    for left, right in pairs:
        neighbours[left].append(right)
        neighbours[right].append(left)
    seen: set[int] = set()
    for start in sorted(neighbours):
        if start in seen:
            continue
        seen.add(start)
        members = [start]
        for member in members:
            found = [each for each in neighbours[member] if each not in seen]
            seen.update(found)
            members += found
        yield [keys[number] for number in sorted(members)]


def _shared_terms(documents: dict[int, Document], members: list[int]) -> list[str]:
    """The words that the first member shares most with the others."""
    first, *others = (documents[key] for key in members[:20])
    weights: dict[str, float] = {}
    for comparison in live_index.compare(first, others).values():
        for overlap in comparison.shared:
            if is_plain(overlap.term):
                weights[overlap.term] = weights.get(overlap.term, 0.0) + overlap.score
    words = surface_words(" \n ".join(first.text.values()))
    heaviest = sorted(weights, key=lambda term: -weights[term])[:MAX_TERMS]
    return [words.get(term, term) for term in heaviest]


def groups_for(user: Any, limit: int = 20) -> list[Group]:
    """Groups of at least two incidents that `user` may see and that still have no cause."""
    rows = list(AlikeGroup.objects.all())
    members = {pk for row in rows for pk in row.incidents}
    visible = visible_incidents(user).filter(pk__in=members).prefetch_related("services").in_bulk()
    without = set(without_cause().filter(pk__in=members).values_list("pk", flat=True))
    groups = []
    for row in rows:
        # A group's words may be those of an incident that the user must not know of.
        if not all(pk in visible for pk in row.incidents):
            continue
        incidents = [visible[pk] for pk in row.incidents if pk in without]
        if len(incidents) > 1:
            groups.append(Group(row.pk, " ".join(row.terms), incidents))
    return groups[:limit]
