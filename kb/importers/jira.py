from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.text_files import Row
from common.times import parse_time
from common.written_times import DateOrder
from incidents.history_rows import RowOptions, Update, canonical_head, text_of
from kb.importers.base import ImportedIncident
from kb.importers.csv import CsvImporter as _Table

_COMMENTS = ("comment", "comments", "kommentar", "commentaire", "comentario", "kommentare")
_CLOSED = ("resolution", "losung", "resolucion", "resolution_state")
_OPEN_RESOLUTIONS = {"", "unresolved", "nicht_erledigt", "non_resolu", "sin_resolver", "offen"}


class JiraImporter(_Table):
    """Jira's export of a search as CSV, in English, German, French or Spanish.

    Jira repeats a column for each further component, label and comment: all are read.
    """

    kind = "jira"
    title = "Jira CSV"
    accepts = _("a .csv file that Jira exported")

    def record(
        self, row: Row, options: RowOptions, orders: Mapping[str, DateOrder]
    ) -> ImportedIncident:
        record = super().record(_without_ids(row, options.mapping), options, orders)
        order = options.order or next((each for each in orders.values() if each), "")
        reading = RowOptions({}, options.zone, order)
        record.updates = sorted(_comments(row, reading), key=lambda update: update[0])
        closed = next((text_of(row[head]) for head in row if canonical_head(head) in _CLOSED), "")
        if record.resolved_at is None and canonical_head(closed) not in _OPEN_RESOLUTIONS:
            record.status = "closed"
        return record


def _without_ids(row: Row, mapping: Mapping[str, str]) -> Row:
    """Numbers of the database are no keys, and the state of a resolution is no resolution."""
    mapped = {canonical_head(head) for head in mapping.values()}
    unread = {"issue_id", "vorgangs_id", *_CLOSED} - mapped
    return {head: value for head, value in row.items() if canonical_head(head) not in unread}


def _comments(row: Row, options: RowOptions) -> Iterator[Update]:
    """Comments are “time;author;text”; in newer exports the author is an id."""
    for head, cell in row.items():
        if canonical_head(head) not in _COMMENTS:
            continue
        for comment in cell if isinstance(cell, list) else [cell]:
            at, _, rest = comment.partition(";")
            author, _, text = rest.partition(";")
            found = parse_time(at, options.zone, order=options.order)
            if found and text.strip():
                yield found, _name(author), text.strip()


def _name(author: Any) -> str:
    """The author, unless it is an id of an account."""
    name = str(author).strip()
    return "" if ":" in name or (len(name) > 20 and name.isalnum()) else name[:100]
