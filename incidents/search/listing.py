"""The list of incidents: open ones first, by state, then the resolved ones; in pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, QuerySet, Value, When, Window
from django.utils.translation import gettext_lazy as _

from common.language import Text
from incidents.models import Incident
from incidents.search.filters import incidents_by_keys
from incidents.search.row_causes import IncidentRow

RESOLVED = Incident.Status.RESOLVED
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
    count: int
    rows: list[IncidentRow]


@dataclass(frozen=True)
class Section:
    """The open or the resolved incidents of a page."""

    title: Text
    count: int
    groups: list[StateGroup]


def sections_of(rows: Iterable[IncidentRow], counts: dict[str, int]) -> list[Section]:
    """The lines of a page under their headings; `counts` are of all pages, by status."""
    groups = [
        StateGroup(status, Incident.Status(status).label, counts.get(status, 0), list(found))
        for status, found in groupby(rows, key=lambda row: str(row.incident.status))
    ]
    open_groups = [group for group in groups if group.status != RESOLVED]
    resolved = [group for group in groups if group.status == RESOLVED]
    every_open = sum(count for status, count in counts.items() if status != RESOLVED)
    found = []
    if open_groups:
        found.append(Section(_("Open"), every_open, open_groups))
    if resolved:
        found.append(Section(_("Resolved"), resolved[0].count, resolved))
    return found


class IncidentPaginator(Paginator):
    """Pages of incidents in the order of the list, with services and owners."""

    object_list: QuerySet[Incident]

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
            is_open = self.object_list.exclude(status=RESOLVED)
            rows += self._read(in_list_order(is_open, self.order), start, min(stop, still_open))
        if still_open < min(stop, self.count):
            resolved = self.object_list.filter(status=RESOLVED).order_by(self.order, "-pk")
            rows += self._read(resolved, max(0, start - still_open), stop - still_open)
        return Page(rows, number, self)

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
    """Pages of a search with one query for rows and counts.

    Searching for a word that half of all incidents contain is too expensive to do twice. The plain
    list does not use it: there the count would read every row that the index lets a page skip.
    """

    def get_page(self, number: int | float | str | None) -> Page[Incident]:
        given = str(number or "")
        number_given = int(given) if re.fullmatch("[1-9][0-9]{0,5}", given) else 1
        start = (number_given - 1) * self.per_page
        # The window counts rows before DISTINCT removes those that a join duplicated.
        if self.object_list.query.distinct:
            return super().get_page(number)
        # One window for all statuses: one for each status would sort all rows.
        of_status = {
            f"{status}_count": Window(Count("pk", filter=Q(status=status)))
            for status in Incident.Status.values
        }
        counted = in_list_order(self.object_list, self.order).annotate(**of_status)
        found = list(counted.values_list("pk", *of_status)[start : start + self.per_page])
        if not found:
            return super().get_page(number)
        self.counts = dict(zip(Incident.Status.values, found[0][1:], strict=True))
        rows = incidents_by_keys((row[0] for row in found), ["services"])
        return Page(rows, number_given, self)
