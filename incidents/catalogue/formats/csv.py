"""A table: name, tier, lifecycle, team, runbook, depends on (names with ; between)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from common.file_import import BadFile, Skipped
from common.payloads import text, web_address
from common.text_files import read_table
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
    "depends_on": ("depends_on", "dependencies"),
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
        table = read_table(content)
        heads = {head.lower().replace(" ", "_"): head for head in reversed(table.heads)}
        columns = {
            ours: next((heads[name] for name in theirs if name in heads), None)
            for ours, theirs in COLUMNS.items()
        }
        if columns["name"] is None:
            raise BadFile(f"The first line names no column “name”: {', '.join(table.heads)[:200]}")
        for line, row in table.rows:
            cells = {
                head: ";".join(cell) if isinstance(cell, list) else cell
                for head, cell in row.items()
            }
            yield self._entry(f"line {line}", cells, columns)
        if table.problem:
            yield Skipped("the rest", table.problem)

    def _entry(
        self, place: str, row: Mapping[str, str], columns: Mapping[str, str | None]
    ) -> CatalogueEntry | Skipped:
        given = {
            ours: text(row.get(head), limit=1000) if head else "" for ours, head in columns.items()
        }
        if not given["name"]:
            return Skipped(place, "It has no name.")
        names = given["depends_on"].replace("|", ";").replace(",", ";").split(";")
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
