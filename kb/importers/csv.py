from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from incidents.history_import import names_of, parse_row, time_of
from kb.importers.base import (
    ImportedIncident,
    Importer,
    ReadResult,
    files_below,
    first_value,
    text_of,
    text_value,
)


class CsvImporter(Importer):
    """Any table with a title, an id and a start; the usual names of columns are known."""

    kind = "csv"
    title = "CSV"
    accepts = "a .csv file with a head"

    def read(self, path: Path) -> Iterator[ReadResult]:
        for file in files_below(path, ".csv"):
            reader = csv.DictReader(io.StringIO(text_of(file)))
            for row in reader:
                place = f"{file.name}, line {reader.line_num}"
                try:
                    yield place, self.record({k: v for k, v in row.items() if isinstance(k, str)})
                except ValidationError as error:
                    yield place, "; ".join(error.messages)

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        past = parse_row(row, self.mapping)
        causes = names_of(self._given(row, "causes", "causes", "cause", "root_cause"))
        category = text_value(self._given(row, "category", "category", "cause_category"))
        return ImportedIncident(
            **vars(past),
            causes=[(cause, category) for cause in causes],
            body=text_value(self._given(row, "body", "postmortem", "postmortem_body")),
            published_at=time_of("published_at", row.get("published_at")),
        )

    def _given(self, row: dict[str, Any], field: str, *keys: str) -> Any:
        return row.get(self.mapping[field]) if field in self.mapping else first_value(row, *keys)
