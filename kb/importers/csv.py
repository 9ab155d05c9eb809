from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.file_import import BadFile
from common.text_files import Row, read_table
from common.written_times import DateOrder
from incidents.history_rows import (
    RowOptions,
    canonical_head,
    missing_columns,
    names_of,
    parse_row,
    text_of,
    time_of,
)
from incidents.history_tables import written_as
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    Importer,
    ReadResult,
    files_below,
    text_value,
)
from kb.importers.base import (
    text_of as text_of_file,
)
from kb.importers.report_fields import read_body

_CAUSES = (
    "causes", "cause", "root_cause", "root_causes", "ursache",
)  # fmt: skip
_EXTRA = ("causes", "category", "body", "published_at")
"""Fields of a mapping that rows of history do not have."""


class CsvImporter(Importer):
    """Any table with a title, an id and a start; the usual names of columns are known."""

    kind = "csv"
    title = "CSV"
    accepts = _("a .csv file with a head; commas, semicolons or tabs between its cells")

    def read(self, path: Path) -> Iterator[ReadResult]:
        files = files_below(path, ".csv", ".tsv", ".txt")
        if not files:
            raise CannotImport(f"There is no .csv file in {path}.")
        for file in files:
            try:
                yield from self._rows(file)
            except (BadFile, CannotImport) as error:
                if len(files) == 1:
                    raise CannotImport(f"{file.name}: {error}") from error
                yield file.name, str(error)

    def _rows(self, file: Path) -> Iterator[ReadResult]:
        text = text_of_file(file)
        if text.lstrip().startswith(("{", "[")) and text.rstrip().endswith(("}", "]")):
            raise CannotImport("It is JSON, no table. Choose another kind, such as json.")
        table = read_table(text)
        mapped = {key: value for key, value in self.mapping.items() if key not in _EXTRA}
        if missing := missing_columns(table.heads, mapped):
            raise CannotImport(missing)
        rows = table.filled_rows()
        if not rows:
            raise CannotImport(table.problem or "It has heads but no rows.")
        options = replace(self.options, mapping=mapped)
        options, orders = written_as([row for _, row in rows], options)
        for line, row in rows:
            place = f"{file.name}, line {line}"
            try:
                yield place, self.record(row, options, orders)
            except CannotImport as error:
                yield place, str(error)
            except ValidationError as error:
                yield place, "; ".join(error.messages)
        if table.problem:
            yield file.name, table.problem

    def record(
        self, row: Row, options: RowOptions, orders: Mapping[str, DateOrder]
    ) -> ImportedIncident:
        """The incident in a row. Raises CannotImport or ValidationError."""
        past = parse_row(row, options, orders)
        causes = names_of(self.given(row, "causes", *_CAUSES))
        category = text_value(self.given(row, "category", "category", "cause_category"))
        record = ImportedIncident(
            **vars(past),
            causes=[(cause, category) for cause in causes],
            body=text_of(self.given(row, "body", "postmortem", "postmortem_body")),
            published_at=time_of("published_at", self.given(row, "published_at", "published_at")),
        )
        read_body(record, record.body or record.symptom, options.order)
        return record

    def given(self, row: Mapping[str, Any], field: str, *names: str) -> Any:
        """The first value of a column with one of the names, or of the mapped column."""
        if field in self.mapping:
            names = (self.mapping[field],)
        wanted = [canonical_head(name) for name in names]
        by_name = {canonical_head(head): value for head, value in row.items() if value}
        return next((by_name[name] for name in wanted if name in by_name), None)
