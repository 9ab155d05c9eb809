"""Base of importers of folders: one incident per file, and a date if the file has none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from common.times import first_date_in
from common.written_times import date_order_of
from incidents.history_rows import RowOptions, canonical_head, time_of
from kb.importers.action_lists import is_nothing
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    Importer,
    ReadResult,
    files_below,
    text_of,
)
from kb.importers.postmortem_text import Report
from kb.importers.report_fields import read_fields

MAX_DATE_SEARCH = 3000
"""Characters of a text that are searched for a date."""
UNKNOWN_MTIME = 0
"""The time of a file that was uploaded: browsers send none."""

_SLASHED = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}/\d{2,4}(?![\d/])", re.ASCII)
_FOLDER_FILES = {
    "readme", "index", "_index", "contributing", "license", "licence", "changelog", "toc",
    "code_of_conduct", "security", "summary", "overview",
    "home", "_sidebar", "_navbar", "_footer", "_toc",
}  # fmt: skip
_TEMPLATE_WORDS = {
    "template", "templates", "vorlage", "vorlagen", "plantilla", "modele", "exemple", "example",
}  # fmt: skip
_OTHER_DOCUMENTS = set(
    "runbook runbooks playbook playbooks adr rfc codeowners howto glossary handbook onboarding "
    "handbuch leitfaden anleitung".split()
)
"""What a document calls itself that says how to do something, not what happened."""
_ALSO_PARTS_OF_SYSTEMS = _OTHER_DOCUMENTS | set(
    "process policy policies guide guides guideline guidelines checklist procedure procedures "
    "roadmap prozess richtlinie guia processus procedimiento".split()
)
"""Words that end the name of such a document; “Policy server down” is none."""
_WORDS_OF_NAMES = set(
    """
    postmortem postmortems post mortem mortems incident incidents report reports review rca root
    cause analysis outage blameless retrospective the our a an for of and document doc yyyy mm dd
    date title name page new
    """.split()
)
_NO_INCIDENT = ("informational", "maintenance", "scheduled", "announcement", "planned")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,80}\}\}|<%[^%]{0,80}%>|\bYYYY[-/.]MM[-/.]DD\b|\bDD[./-]MM[./-]YYYY\b|"
    r"\bMM/DD/YYYY\b|\bHH:MM\b|\[(?:insert|your|name|title|date|incident|service)[^\]\[]{0,60}\](?!\()|"
    r"<<[^<>]{1,80}>>|\{[A-Z][A-Z_]{2,30}\}|\bINC-X{3,}|\bX (?:hours|minutes)\b|\bSEV[?#]|"
    r"[<{](?:title|date|name|incident|service|summary|insert|description)[^<>{}]{0,60}[>}]",
    re.IGNORECASE,
)


class FolderImporter(Importer):
    """One incident and its published postmortem per file."""

    suffixes: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[ReadResult]:
        files = files_below(path, *self.suffixes)
        if not files:
            raise CannotImport(f"There is no {self.suffixes[0]} file in {path}.")
        if not self.options.order:
            order = date_order_of(_slashed_dates(files))
            self.options = replace(self.options, order=order)
        for file in files:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                yield from self.records(file, name)
            except (CannotImport, ValidationError) as error:
                yield name, problem_in_words(error)

    def records(self, file: Path, name: str) -> Iterator[ReadResult]:
        """The incidents in a file: one, unless its kind has logs of several."""
        yield name, self.record(file, name)

    def record(self, file: Path, name: str) -> ImportedIncident:
        """The incident in a file. Raises CannotImport or ValidationError."""
        raise NotImplementedError


def problem_in_words(error: CannotImport | ValidationError) -> str:
    return " ".join(str(each) for each in getattr(error, "messages", [error]))


def _slashed_dates(files: list[Path]) -> Iterator[str]:
    for file in files:
        try:
            yield from _SLASHED.findall(text_of(file)[:MAX_DATE_SEARCH])
        except CannotImport:
            continue


def refuse_other_documents(
    file: Path, title: str, body: str, report: Report, head: Collection[str] = ()
) -> None:
    """Raises CannotImport for what is no incident: an empty file, a README, a template."""
    if not body.strip():
        raise CannotImport("it has no text")
    stem = canonical_head(file.stem)
    is_incident = _names_an_incident(report, head, body) or first_date_in(
        f"{file.parent.name} {file.stem}"
    )
    if file.stem.lower() in _FOLDER_FILES and not is_incident:
        raise CannotImport(f"it is a {file.stem} of the folder, no incident")
    for name in (stem, canonical_head(title)):
        words = {word for word in name.split("_") if word and not word.isdigit()}
        if words & _TEMPLATE_WORDS and words <= _TEMPLATE_WORDS | _WORDS_OF_NAMES:
            raise CannotImport("it is a template, no incident")
    dated = first_date_in(f"{title}\n{body[:MAX_DATE_SEARCH]}")
    if not is_incident and any(_says_how(each, bool(dated)) for each in (stem, title)):
        raise CannotImport("it says how something is done, and is no incident")
    if _is_decision(body):
        raise CannotImport("it is the record of a decision, no incident")
    placeholders = {
        match[0].lower() for match in _PLACEHOLDER.finditer(f"{title}\n{body[:20_000]}")
    }
    if len(placeholders) > 1 and dated is None:
        raise CannotImport("it is a template: its placeholders are not filled in")


def fill_from_report(
    record: ImportedIncident, file: Path, values: Mapping[str, Any], report: Report, prose: str,
    options: RowOptions,
) -> None:  # fmt: skip
    """All fields of a report; its start by the first date in `prose`, where nothing says it."""
    read_fields(record, values, report, prose, options)
    if record.impact_started_at is None:
        set_start_from_text(record, file, prose, "no date in its front matter", options)


def refuse_announcements(head: Mapping[str, Any]) -> None:
    """Raises CannotImport for a post whose head says that it is no incident, as cState's do."""
    lower = {str(key).lower(): value for key, value in head.items()}
    flag = next((name for name in _NO_INCIDENT if lower.get(name) is True), "")
    kind = next((f"{lower[key]}" for key in ("type", "kind", "category") if key in lower), "")
    if flag or kind.strip().lower() in _NO_INCIDENT:
        raise CannotImport(f"its head says “{flag or kind}”: it is no incident")


def _says_how(name: str, dated: bool) -> bool:
    words = canonical_head(name).split("_")
    if words[0] in _OTHER_DOCUMENTS or words[-1] in _OTHER_DOCUMENTS:
        return True
    return not dated and len(words) <= 3 and words[-1] in _ALSO_PARTS_OF_SYSTEMS


def _is_decision(body: str) -> bool:
    heads = {canonical_head(line.strip("# ")) for line in body.splitlines() if line[:1] == "#"}
    return {"context", "decision", "status"} <= heads


def _names_an_incident(report: Report, head: Collection[str], body: str) -> bool:
    said = (name for name, values in report.labelled.items() if not all(map(is_nothing, values)))
    fields = {*said, *head}
    if any(name in fields for name in ("severity", "day", "impact_started_at")):
        return True
    start = body[:MAX_DATE_SEARCH]
    explained = any(section.about == "root" for section in report.sections)
    return explained and bool(first_date_in(start) or _SLASHED.search(start))


def set_start_from_text(
    record: ImportedIncident, file: Path, text: str, what: str, options: RowOptions
) -> None:
    """Use the first date in `text`, else the time of the file, as the start of impact.

    Raises ValidationError for a date that may have the day or the month first, CannotImport where
    nothing names a day.
    """
    date = first_date_in(text, options.zone, options.order)
    changed_at = file.stat().st_mtime
    if date is None and (slashed := _SLASHED.search(text)):
        time_of("impact_started_at", slashed[0], options)
    if date is None and changed_at == UNKNOWN_MTIME:
        raise CannotImport("it names no day: write one into it, such as “Date: 2026-03-01”")
    record.impact_started_at = date or datetime.fromtimestamp(changed_at, UTC)
    used = "the first date in its text" if date else "the time of the file"
    record.notes.append(f"{what}: {used} is used")
    record.guessed_times["impact_started_at"] = used
