"""The incidents of a log, whatever its markup was, as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.exceptions import ValidationError

from incidents.history_rows import RowOptions
from kb.importers.base import CannotImport, ImportedIncident, ReadResult
from kb.importers.files import MAX_DATE_SEARCH, fill_from_report, problem_in_words
from kb.importers.incident_logs import Entry
from kb.importers.postmortem_text import read_report


def records_of_log(
    file: Path, name: str, entries: Iterable[Entry], options: RowOptions
) -> Iterator[ReadResult]:
    """One record for each entry, or why it is none. `name`: the file's, in the ids of all."""
    for entry in entries:
        place = f"{name}, “{entry.title[:80]}”"
        try:
            yield place, _record(file, name, entry, options)
        except (CannotImport, ValidationError) as error:
            yield place, problem_in_words(error)


def _record(file: Path, name: str, entry: Entry, options: RowOptions) -> ImportedIncident:
    if not entry.dated:
        raise CannotImport("it is beside several incidents and names no day itself")
    record = ImportedIncident(
        external_id=f"{name}#{entry.key}", title=entry.title, body=entry.body or entry.title,
        body_title=entry.title,
    )  # fmt: skip
    report = read_report(entry.body)
    if entry.written:
        report.labelled.setdefault("day", []).insert(0, entry.written)
    prose = f"{entry.written}\n{entry.title}\n{entry.body[:MAX_DATE_SEARCH]}"
    fill_from_report(record, file, {}, report, prose, options)
    return record
