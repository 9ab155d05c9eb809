"""Cuts a document with one heading for each of several incidents, such as an incidents.md.

It is such a log if at least two headings of one level name a day, in the heading or in a labelled
line below it, and each has a cause, a trigger, a factor, a fix, a severity or an end of its own. A
document whose name says that it is one, such as “Incident log” or “Outages”, needs the days alone.
A document that has a section of a report, such as “Timeline”, beside these headings is one report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from common.times import first_date_in
from common.written_times import DateOrder, read_written_time
from incidents.history_rows import canonical_head
from kb.importers.postmortem_text import Report, headings_in, plain, read_report, without_comments
from kb.importers.section_names import FACTOR, RESOLUTION, ROOT, TRIGGER, section_about

DEEPEST = 4
"""Level of headings from which on they are parts of an incident."""
_OWN_SECTIONS = {ROOT, TRIGGER, FACTOR, RESOLUTION}
_OWN_FIELDS = ("severity", "impact_started_at", "mitigated_at", "resolved_at", "duration")
_DAY_FIELDS = ("day", "impact_started_at", "detected_at", "resolved_at", "duration")
_MANY = set("incidents outages postmortems rcas disruptions vorfalle storungen incidencias".split())
_ONE = set("incident outage postmortem mortem rca problem downtime error failure".split())
_LIST = set("log logs history journal record records database archive register list".split())
_PREFACES = set("overview summary background references glossary metadata appendix".split())
"""Sections that logs have too."""
_SLASHED = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}/\d{2,4}(?![\d/])", re.ASCII)
_MOST_WORDS = 8
"""Of a written time at an end of a heading."""
_EDGES = " \t-–—:|,;.()[]#*_`"


@dataclass(frozen=True)
class Entry:
    """A heading of a log, and what is below it."""

    key: str
    """What of the heading makes an id; differs from those of all other entries."""
    title: str
    written: str
    """The day, possibly with a time, as the heading has it; empty if it has none."""
    body: str
    dated: bool
    """Whether it names a day at all."""


def entries_of(body: str, name: str, order: DateOrder = "") -> list[Entry]:
    """The entries of a log in their order; empty for any other document. `name`: its title."""
    lines = without_comments(body).splitlines()
    headings = list(headings_in(lines))
    says_so = _is_name_of_log(name)
    for level in range(1, DEEPEST + 1):
        if not any(found.level == level for found in headings):
            continue
        blocks = list(_blocks(lines, level))
        if any(_is_of_one_report(heading) for heading, _ in blocks):
            return []
        found = [(each, _is_dated(*each, order)) for each in blocks]
        dated = [each for each, is_dated in found if is_dated]
        if len(dated) < 2:
            continue
        if not says_so and not all(_says_own(text) for _, text in dated):
            return []
        return _with_keys(found)
    return []


def _is_name_of_log(name: str) -> bool:
    words = set(canonical_head(name).split("_"))
    return bool(words & _MANY or (words & _ONE and words & _LIST))


def _is_of_one_report(heading: str) -> bool:
    return bool(section_about(heading)) and canonical_head(heading) not in _PREFACES


def _blocks(lines: list[str], level: int) -> Iterator[tuple[str, str]]:
    """Headings of this level with the text below them; a higher heading ends it."""
    open_block: tuple[str, int] | None = None
    for found in headings_in(lines):
        if found.level > level:
            continue
        if open_block:
            yield open_block[0], "\n".join(lines[open_block[1] : found.start]).strip()
        start = found.start + found.used
        open_block = (found.text, start) if found.level == level else None
    if open_block:
        yield open_block[0], "\n".join(lines[open_block[1] :]).strip()


def _is_dated(heading: str, text: str, order: DateOrder) -> bool:
    if _names_day(heading, order):
        return True
    labelled = read_report(text).labelled
    return any(
        _names_day(value, order) for name in _DAY_FIELDS for value in labelled.get(name, [])[:1]
    )


def _names_day(text: str, order: DateOrder) -> bool:
    return bool(first_date_in(text, order=order) or _SLASHED.search(text))


def _says_own(text: str) -> bool:
    report: Report = read_report(text)
    about = {section.about for section in report.sections}
    about |= {about for about, _ in report.labels_of_sections}
    return bool(about & _OWN_SECTIONS) or any(name in report.labelled for name in _OWN_FIELDS)


def _with_keys(found: list[tuple[tuple[str, str], bool]]) -> list[Entry]:
    entries = []
    seen: dict[str, int] = {}
    for (heading, text), dated in found:
        written, title = cut_time(heading)
        key = canonical_head(heading) or "untitled"
        seen[key] = seen.get(key, 0) + 1
        key = key if seen[key] == 1 else f"{key}-{seen[key]}"
        entries.append(Entry(key, title or _first_words(text) or heading, written, text, dated))
    return entries


def cut_time(heading: str) -> tuple[str, str]:
    """(the time at the start or end of a heading, the rest of it).

    >>> cut_time("2026-04-16 09:30 UTC — VPN fails at boot")
    ('2026-04-16 09:30 UTC', 'VPN fails at boot')
    """
    words = heading.split()
    for count in range(min(len(words), _MOST_WORDS), 0, -1):
        for part, rest in ((words[:count], words[count:]), (words[-count:], words[:-count])):
            text = " ".join(part).strip(_EDGES)
            if _is_day(text):
                return text, " ".join(rest).strip(_EDGES)
    return "", heading.strip(_EDGES)


def _is_day(text: str) -> bool:
    # The day is the same day whichever order is meant later.
    written = read_written_time(text, "day-first") or read_written_time(text, "month-first")
    return written is not None and written.day is not None


def _first_words(text: str) -> str:
    """The first line that says something, as a title where the heading is a day alone."""
    for line in text.splitlines():
        words = plain(line).lstrip("#").strip()
        if words:
            return words if len(words) <= 120 else words[:120].rsplit(" ", 1)[0] + " …"
    return ""
