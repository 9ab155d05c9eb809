"""Fills a past incident from the text of its report: times, severity, services, causes, actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django.core.exceptions import ValidationError

from common.time_ranges import find_range, length_in, read_range
from common.times import first_date_in, is_only_a_day, parse_time
from common.written_times import DateOrder, read_written_time
from incidents.history_columns import TIME_FIELDS
from incidents.history_rows import (
    ONLY_A_DAY,
    RowOptions,
    canonical_head,
    names_of,
    text_of,
    time_of,
)
from incidents.severities import severity_in_labels, severity_named
from kb.importers.action_lists import actions_of, is_nothing
from kb.importers.base import FoundCause, ImportedIncident
from kb.importers.incident_logs import cut_time
from kb.importers.postmortem_text import Report, Section, plain, read_report
from kb.importers.section_names import (
    ACTIONS,
    FACTOR,
    RESOLUTION,
    ROOT,
    SYMPTOM,
    TRIGGER,
    line_field,
)

MAX_CAUSES = 8
_HALF_DAY = timedelta(hours=12)
_LEAST_BEFORE = {"mitigated_at": timedelta(), "resolved_at": timedelta()}
"""An end before the start is one of the next day; a monitor may notice before users do."""
_ENTRY = re.compile(r"(\s{0,12})(?:[-*+•]|\d{1,2}[.)])\s{1,5}(\S.*)$")
_SENTENCE_END = re.compile(r"(?<=[a-zà-ÿ0-9)\"'`])[.!](?:\s|$)")
_INSTRUCTION = re.compile(
    r"(?:describe|explain|list|what |why |how |write|insert|briefly|a short|an? (?:brief|summary)|"
    r"use this|fill|add |note the |run a |things (?:that|which|we) )",
    re.IGNORECASE,
)
_ITALIC = re.compile(r"([*_])(?![*_\s])[^*_]{1,500}\1$")
"""A paragraph such as “*Note the final root cause*”: what a template asks for, not an answer."""


def read_times(
    record: ImportedIncident,
    given: Mapping[str, Any],
    report: Report,
    prose: str,
    options: RowOptions,
) -> None:
    """Set the times of `record` from its head (`given`, by field) and its labelled lines.

    `prose` is searched for a day where none is named. Raises ValidationError for a value of the
    head that is no time, and for a date that may have the day or the month first.
    """
    zone, order = options.zone, options.order
    values = {name: (value, True) for name, value in given.items() if value not in (None, "")}
    for name in (*TIME_FIELDS, "day", "duration"):
        if name not in values and (value := report.first(name)):
            values[name] = (value, False)
    day = _day(values, prose, options)
    for name in TIME_FIELDS:
        if name in values:
            _set_time(record, name, *values[name], day, options)
    for name in ("duration", "day", "impact_started_at"):
        _use_range(record, text_of(values.get(name, ("",))[0]), day, zone, order)
    if record.impact_started_at is None and "day" in values:
        _set_time(record, "impact_started_at", *values["day"], day, options)
    _use_prose(record, prose, day, options)
    if record.impact_started_at is None and day and (at := _earliest(record)):
        record.impact_started_at = at
        record.guessed_times["impact_started_at"] = "the earliest time it names"
        _drop_end_of_another_day(record, prose, options)
    _use_length(record, text_of(values.get("duration", ("",))[0]))


def _drop_end_of_another_day(record: ImportedIncident, prose: str, options: RowOptions) -> None:
    """An end alone is no start: one before the day in its title is mistyped."""
    named = first_date_in(prose, options.zone, options.order)
    if record.impact_started_at != record.resolved_at or named is None or not record.resolved_at:
        return
    if record.resolved_at < named:
        record.notes.append(f"its end {record.resolved_at:%Y-%m-%d} is before {named:%Y-%m-%d}")
        record.resolved_at = None
        record.guessed_times.pop("resolved_at", None)
    record.impact_started_at = named
    record.guessed_times["impact_started_at"] = "the first date in its text"


def add_time_of_title(report: Report, title: str) -> None:
    """“2026-03-05 10:04 UTC, Relay down” says when it was, where no labelled line does."""
    written, _ = cut_time(title)
    if written and not is_only_a_day(written) and not report.first("day"):
        report.labelled["day"] = [written]


def _day(values: Mapping[str, tuple[Any, bool]], prose: str, options: RowOptions) -> date | None:
    for name in ("day", "impact_started_at", "duration", "detected_at", "resolved_at"):
        value = values.get(name, (None,))[0]
        if isinstance(value, datetime | date):
            return value.date() if isinstance(value, datetime) else value
        if isinstance(value, str):
            written = read_written_time(value, options.order)
            found = written.day if written else None
            at = None if found else first_date_in(value, order=options.order)
            if found or at:
                return found or (at.date() if at else None)
    at = first_date_in(prose, order=options.order)
    return at.date() if at else None


def _set_time(
    record: ImportedIncident,
    name: str,
    value: Any,
    is_head: bool,
    day: date | None,
    options: RowOptions,
) -> None:
    value = _clock_of_yaml(value)
    if isinstance(value, time):
        value = f"{value:%H:%M:%S}"
    written = read_written_time(value, options.order) if isinstance(value, str) else None
    if written and written.day is None:
        at = written.moment(options.zone, day)
    else:
        try:
            at = time_of(name, value, options)
        except ValidationError:
            if is_head or "--dates" in str(_problem(name, value, options)):
                raise
            return
    if at is None:
        return
    start = record.impact_started_at
    if (
        written
        and written.day is None
        and start
        and start - at > _LEAST_BEFORE.get(name, _HALF_DAY)
    ):
        at += timedelta(days=1)  # Past midnight.
    setattr(record, name, at)
    if is_only_a_day(value):
        record.guessed_times[name] = ONLY_A_DAY


def _problem(name: str, value: Any, options: RowOptions) -> str:
    try:
        time_of(name, value, options)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _clock_of_yaml(value: Any) -> Any:
    """YAML reads 10:04 as 604 and 10:04:05 as 36245, numbers to the base of 60."""
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value < 86400:
        seconds = value if value >= 1440 else value * 60
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return value


def _use_range(
    record: ImportedIncident, text: str, day: date | None, zone: tzinfo, order: DateOrder
) -> None:
    if not text or not (found := read_range(text, day, zone, order)):
        return
    for name, at in zip(("impact_started_at", "resolved_at"), found, strict=True):
        if getattr(record, name) is None or name in record.guessed_times:
            setattr(record, name, at)
            record.guessed_times.pop(name, None)


def _use_prose(record: ImportedIncident, prose: str, day: date | None, options: RowOptions) -> None:
    """“Between 10:04 and 11:06 UTC on 5 March” in prose; marked, as it may be another range."""
    known = record.impact_started_at and "impact_started_at" not in record.guessed_times
    if known or record.resolved_at or day is None:
        return
    if found := find_range(prose, day, options.zone, options.order):
        record.impact_started_at, record.resolved_at = found
        for name in ("impact_started_at", "resolved_at"):
            record.guessed_times[name] = "the first range of times in its text"


def _use_length(record: ImportedIncident, text: str) -> None:
    length = length_in(text) if text else None
    start = record.impact_started_at
    if length and start and record.resolved_at is None:
        record.resolved_at = start + length
        if how := record.guessed_times.get("impact_started_at"):
            record.guessed_times["resolved_at"] = how


def _earliest(record: ImportedIncident) -> datetime | None:
    times = (getattr(record, name) for name in TIME_FIELDS)
    return min((at for at in times if at), default=None)


def read_labels(record: ImportedIncident, report: Report) -> None:
    """Severity, services and state of labelled lines, where the head has none."""
    if not record.severity:
        for value in report.labelled.get("severity", []):
            # “Impact: all users for an hour” says whom, not how badly.
            word = severity_in_labels([value]) or value
            if len(word.split()) <= 4 and severity_named(word):
                record.severity = word
                break
    if not record.services and (value := report.first("services")):
        names = names_of(value.replace(" and ", ","))
        if all(len(name.split()) <= 4 for name in names):
            record.services = [name for name in names if not is_nothing(name)]
    record.status = record.status or report.first("status")


def read_sections(record: ImportedIncident, report: Report, order: DateOrder = "") -> None:
    """Causes as suspected ones, factors, actions and the resolution, from the sections."""
    parts = [(section.about, section.text) for section in report.sections if section.about]
    for about, text in [*report.labels_of_sections, *parts]:
        if about in (ROOT, FACTOR, TRIGGER):
            for name, whole in _causes_in(text, last_only=False):
                record.found_causes.append(FoundCause(about, name, whole))
        elif about == RESOLUTION and not record.resolution and not is_nothing(text):
            record.resolution = _first_paragraph(text)
        elif about == SYMPTOM and not record.symptom and not is_nothing(text):
            record.symptom = _first_paragraph(text)
    unique = {each.name.lower(): each for each in reversed(record.found_causes)}
    record.found_causes = list(reversed(unique.values()))[: 2 * MAX_CAUSES]
    known = {action.title for action in record.actions}
    for section in _about_actions(report):
        found = actions_of(section, order)
        record.actions += [each for each in found if each.title not in known]
        known |= {each.title for each in found}


def _about_actions(report: Report) -> Iterator[Section]:
    """Those of actions, with the parts of them that have a heading of their own."""
    level = 0
    for section in report.sections:
        if section.about == ACTIONS:
            level = section.level
        elif section.about or section.level <= level:
            level = 0
        if level:
            yield section


def read_fields(
    record: ImportedIncident, values: Mapping[str, Any], report: Report, prose: str,
    options: RowOptions,
) -> None:  # fmt: skip
    """Times, labelled lines and sections of a report. `values`: of the head of its document."""
    read_times(record, values, report, prose, options)
    read_labels(record, report)
    read_sections(record, report, options.order)


def read_body(record: ImportedIncident, body: str, order: DateOrder = "") -> None:
    """Causes and actions of the sections of a text that came with a row."""
    read_sections(record, read_report(body), order)


def _causes_in(text: str, last_only: bool) -> Iterator[tuple[str, str]]:
    """(name, whole text): each entry of a list, or the first sentence of the prose."""
    text = _without_request(text)
    entries: list[str] = []
    least: int | None = None
    prose = []
    for line in text.splitlines():
        if line.lstrip().startswith(("|", "#", "![")):
            continue
        match = _ENTRY.match(line)
        if match:
            least = len(match[1]) if least is None else min(least, len(match[1]))
            if len(match[1]) <= least + 1:
                entries.append(match[2])
        elif not entries:
            prose.append(line)
    whole = "\n".join(prose).strip()
    introduces = whole.endswith(":") or (entries and _INSTRUCTION.match(whole))
    if whole and not introduces:
        entries = [whole]
    for entry in entries[:MAX_CAUSES]:
        name = _name_in(entry)
        if name and not is_nothing(name) and not _INSTRUCTION.match(name):
            yield name, plain(entry) if len(entries) > 1 else entry


def _name_in(text: str) -> str:
    first = " ".join(plain(line) for line in text.split("\n\n", 1)[0].splitlines())
    first = " ".join(first.split())
    end = _SENTENCE_END.search(first)
    name = (first[: end.start()] if end else first).strip(" .:;")
    if len(name) > 180:
        name = name[:180].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    return name


def _first_paragraph(text: str) -> str:
    return _without_request(text).split("\n\n", 1)[0].strip()[:2000]


def _without_request(text: str) -> str:
    """The text without what a template asks for, where something follows it."""
    first, _, rest = text.partition("\n\n")
    return rest.lstrip() if rest.strip() and _ITALIC.match(first.strip()) else text


def head_values(head: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """The values of a head by field of ours, in the words of reports and of exports."""
    found: dict[str, Any] = {}
    by_name = {canonical_head(str(key)): value for key, value in head.items()}
    for key, value in by_name.items():
        name = line_field(key)
        # `resolved: true` says whether; `resolvedWhen` beside it says when.
        if name and value not in (None, "", [], {}) and not isinstance(value, bool):
            found.setdefault(name, value)
    for name, key in mapping.items():
        found[name] = by_name.get(canonical_head(key))
    return found


def published_at(head: Mapping[str, Any], zone: tzinfo = UTC) -> datetime | None:
    for key in ("published_at", "published"):
        if at := parse_time(head.get(key), zone):
            return at
    return None
