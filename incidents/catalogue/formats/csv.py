"""A table: name, tier, lifecycle, team, runbook, depends on (names with ; between)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from common.file_import import BadFile, Skipped
from common.payloads import text, web_address
from incidents.catalogue.formats.base import (
    LIFECYCLES,
    TIERS,
    CatalogueEntry,
    CatalogueReader,
    canonical_value,
)

COLUMNS = {
    "name": ("name", "service", "component"),
    "description": ("description", "about"),
    "tier": ("tier", "criticality"),
    "lifecycle": ("lifecycle", "state", "status"),
    "kind": ("kind", "type"),
    "owner_team": ("owner_team", "owner", "team"),
    "on_call": ("on_call", "on-call", "oncall"),
    "runbook_url": ("runbook_url", "runbook"),
    "dashboards": ("dashboards", "dashboard"),
    "repositories": ("repositories", "repository", "repo"),
    "depends_on": ("depends_on", "dependencies", "depends on"),
}


def addresses_in(text: str) -> str:
    """The URLs among words that are separated by ; or blanks, one per line."""
    words = text.replace(";", " ").split()
    return "\n".join(word for word in words if word.startswith(("http://", "https://")))


class Csv(CatalogueReader):
    kind = "csv"
    title = "CSV table"
    example = "name,tier,team,depends_on"

    def read(self, content: str) -> Iterator[CatalogueEntry | Skipped]:
        rows = csv.DictReader(io.StringIO(content.lstrip("\ufeff"), newline=""))
        heads = {(head or "").strip().lower(): head for head in rows.fieldnames or []}
        columns = {
            ours: next((heads[name] for name in theirs if name in heads), None)
            for ours, theirs in COLUMNS.items()
        }
        if columns["name"] is None:
            raise BadFile("The first line names no column “name”.")
        try:
            for row in rows:
                yield self._entry(f"line {rows.line_num}", row, columns)
        except csv.Error as error:
            yield Skipped(f"line {rows.line_num}", f"From here on it is no CSV: {error}")

    def _entry(
        self, place: str, row: Mapping[str, str], columns: Mapping[str, str | None]
    ) -> CatalogueEntry | Skipped:
        given = {
            ours: text(row.get(head), limit=1000) if head else "" for ours, head in columns.items()
        }
        if not given["name"]:
            return Skipped(place, "It has no name.")
        names = given["depends_on"].replace("|", ";").split(";")
        return CatalogueEntry(
            place,
            given["name"][:100],
            description=given["description"],
            tier=canonical_value(TIERS, given["tier"]),
            lifecycle=canonical_value(LIFECYCLES, given["lifecycle"]),
            kind=given["kind"].lower(),
            owner_team=given["owner_team"][:100],
            on_call=given["on_call"][:200],
            runbook_url=web_address(given, "runbook_url")[:200],
            dashboards=addresses_in(given["dashboards"]),
            repositories=addresses_in(given["repositories"]),
            depends_on=tuple(name.strip()[:100] for name in names if name.strip()),
        )
