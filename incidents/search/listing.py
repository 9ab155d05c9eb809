"""The list of incidents: open ones first, by state, then the resolved ones; in pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from common.counted_rows import planned_rows
from common.language import Text
from incidents.models import Incident
from incidents.search.filters import incidents_by_keys
from incidents.search.row_causes import IncidentRow

RESOLVED = Incident.Status.RESOLVED
MOST, MANY = 1000, 20_000
"""Incidents that are shown of a search, and from how many on they are not all sorted for that."""
BY_STATE = Case(*(When(status=value, then=Value(n)) for n, value in enumerate(Incident.Status)))
"""Investigating before identified before mitigated before resolved."""


def in_list_order(incidents: QuerySet[Incident], order: str) -> QuerySet[Incident]:
    """As the list shows them; `order` is one of `ORDERS`, within each state."""
    return incidents.order_by(BY_STATE, order, "-pk")


@dataclass(frozen=True)
class StateGroup:
    """Lines of one state that follow one another on a page, and how many there are in all."""

    status: str
    title: Text
    count: str
    rows: list[IncidentRow]


@dataclass(frozen=True)
class Section:
    """The open or the resolved incidents of a page."""

    title: Text
    count: str
    groups: list[StateGroup]


def sections_of(rows: Iterable[IncidentRow], paginator: IncidentPaginator) -> list[Section]:
    """The lines of a page under their headings, which count all pages."""
    counts, more = paginator.counts, "+" if paginator.has_more else ""
    groups = [
        StateGroup(status, Incident.Status(status).label, str(counts.get(status, 0)), list(found))
        for status, found in groupby(rows, key=lambda row: str(row.incident.status))
    ]
    open_groups = [group for group in groups if group.status != RESOLVED]
    resolved = [group for group in groups if group.status == RESOLVED]
    every_open = sum(count for status, count in counts.items() if status != RESOLVED)
    found = []
    if open_groups:
        count = f"{every_open}{'' if counts.get(RESOLVED) else more}"
        found.append(Section(_("Open"), count, open_groups))
    if resolved:
        found.append(Section(_("Resolved"), resolved[0].count + more, resolved))
    return found


class IncidentPaginator(Paginator):
    """Pages of incidents in the order of the list, with services and owners."""

    object_list: QuerySet[Incident]
    has_more = False
    """Whether there are more than are counted and paged."""

    def __init__(self, incidents: QuerySet[Incident], order: str, per_page: int) -> None:
        super().__init__(incidents, per_page)
        self.order = order

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many there are of each status.

        Open ones are few. To count the others as the rest of all takes half as long as to group
        all by status.
        """
        every = self.object_list.order_by()
        count = Count("pk", distinct=every.query.distinct)
        of_status = every.exclude(status=RESOLVED).values_list("status").annotate(n=count)
        of_all = every.annotate(all=Value("all")).values_list("all").annotate(n=count)
        found = dict(of_status.union(of_all, all=True))
        total = found.pop("all", 0)
        return {**found, RESOLVED: total - sum(found.values())}

    @cached_property
    def count(self) -> int:
        return sum(self.counts.values())

    def page(self, number: Any) -> Page[Incident]:
        """As of any paginator, but for how the rows are read.

        All rows sorted by state would be all rows read; open ones are few, and an index has the
        resolved ones in order.
        """
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        stop, still_open = start + self.per_page, self.count - self.counts.get(RESOLVED, 0)
        rows: list[Incident] = []
        if start < still_open:
            rows += self._read(self._open, start, min(stop, still_open))
        if still_open < min(stop, self.count):
            rows += self._read(self._resolved, max(0, start - still_open), stop - still_open)
        return Page(rows, number, self)

    @property
    def _open(self) -> QuerySet[Incident]:
        return in_list_order(self.object_list.exclude(status=RESOLVED), self.order)

    @property
    def _resolved(self) -> QuerySet[Incident]:
        return self.object_list.filter(status=RESOLVED).order_by(self.order, "-pk")

    def _read(self, incidents: QuerySet[Incident], start: int, stop: int) -> list[Incident]:
        # Sorting keys alone, in one query with reading their rows: a late page sorts most of them.
        keys: Any = incidents.values_list("pk", flat=True)[start:stop]
        if incidents.query.distinct:
            # DISTINCT selects what it sorts by too: no subquery of one column.
            keys = list(keys)
        # Texts would be most of what is read.
        shown = Incident.objects.filter(pk__in=keys).defer("search", "symptom", "resolution")
        listed = shown.select_related("owner").prefetch_related("services")
        return list(listed.order_by(*incidents.query.order_by))


class SearchPaginator(IncidentPaginator):
    """Pages of the first incidents that a search finds: to count all reads every row."""

    @cached_property
    def _found(self) -> list[tuple[int, str]]:
        """Keys and states in the order of the list, and one more if there are more."""
        if planned_rows(self.object_list) > MANY:
            # Indexes have each part in order, of which the first are soon found.
            parts = [self._open, self._resolved]
        else:
            parts = [in_list_order(self.object_list, self.order)]
        return [row for part in parts for row in part.values_list("pk", "status")[: MOST + 1]]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self._found) > MOST

    @cached_property
    def counts(self) -> dict[str, int]:
        return Counter(status for _, status in self._found[:MOST])

    def page(self, number: Any) -> Page[Incident]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = [key for key, _ in self._found[:MOST][start : start + self.per_page]]
        return Page(incidents_by_keys(keys, ["services"]), number, self)
