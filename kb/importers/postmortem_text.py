"""Cuts a report in Markdown or wiki markup into labelled lines and sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from common.written_times import read_written_time
from incidents.history_columns import TIME_FIELDS
from kb.importers.section_names import line_field, section_about

MAX_LINES = 5000
_ATX = re.compile(r"\s{0,3}(#{1,6})\s{1,5}(\S.{0,300})$")
_WIKI = re.compile(r"\s{0,3}h([1-6])\.\s{1,5}(\S.{0,300})$")
_TIMED = re.compile(r"([A-Za-zÀ-ÿ]{3,20}(?: [A-Za-zÀ-ÿ]{2,20}){0,3}) {1,3}(\d[^|]{3,60})$")
"""A label with a time behind it and no colon between: “First detected 2026-03-05 10:04”."""
_DEFINITION = re.compile(r"\s{0,3}\[[^\[\]]{1,100}\]:\s")
"""Where a link that is named elsewhere leads to."""
_WIKI_NUMBER = re.compile(r"^#{1,3}\s(?=\S)")
_UNDERLINE = re.compile(r"\s{0,3}(={2,100}|-{2,100})\s{0,20}$")
_BOLD_ALONE = re.compile(r"\s{0,3}(?:\*\*|__)([^*_].{0,120}?)(?:\*\*|__)\s{0,3}:?\s{0,5}$")
_MARKS = re.compile(r"\*\*|__|^[\s>*+•-]{1,8}(?=\S)|`")
_LABEL = re.compile(r"([^:：|]{2,60})[:：](?!//)\s{0,5}(\S.{0,2000})$")
_LABEL_ALONE = re.compile(r"([A-Za-zÀ-ÿ][^:：|.]{2,60})[:：]\s{0,3}$")
_NUMBER = re.compile(r"^\s{0,3}\d{1,2}[.)]\s{1,3}")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--")


@dataclass
class Section:
    heading: str
    level: int
    lines: list[str] = field(default_factory=list)

    @property
    def about(self) -> str:
        return section_about(self.heading)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


class Heading(NamedTuple):
    start: int
    """The number of its first line."""
    used: int
    """Lines that it has."""
    level: int
    text: str


@dataclass
class Report:
    """A report cut into its sections; the first one is what comes before any heading."""

    title: str = ""
    sections: list[Section] = field(default_factory=list)
    labelled: dict[str, list[str]] = field(default_factory=dict)
    """By field of ours: the values of its labelled lines, table cells or short sections."""
    labels_of_sections: list[tuple[str, str]] = field(default_factory=list)
    """(what it is about, text) of labelled lines such as “Root cause: the disk was full”."""

    def first(self, name: str) -> str:
        return next(iter(self.labelled.get(name, [])), "")


def read_report(body: str) -> Report:
    """The sections and labelled lines of a text. Never raises."""
    report = Report(sections=[Section("", 0)])
    lines = without_comments(body).splitlines()[:MAX_LINES]
    if any(_WIKI.match(line) for line in lines):
        # There a # numbers the entries of a list.
        lines = [_WIKI_NUMBER.sub("1. ", line) for line in lines]
    start = 0
    for found in headings_in(lines):
        report.sections[-1].lines += lines[start : found.start]
        start = found.start + found.used
        if found.level == 1 and not report.title and not section_about(found.text):
            report.title = found.text
        report.sections.append(Section(found.text, found.level))
    report.sections[-1].lines += lines[start:]
    for section in report.sections:
        _read_labels(report, section)
    return report


def without_comments(text: str) -> str:
    """The text without comments of HTML, which templates leave behind."""
    parts = _COMMENT.split(text)
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])


def without_title(body: str, title: str) -> str:
    """The body without its heading, if that is the title."""
    lines = body.splitlines()
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        underlined = bool(following) and set(following) == {"="}
        text = line.strip().strip("#").strip()
        if text == title and (line.lstrip().startswith("#") or underlined):
            return "\n".join([*lines[:number], *lines[number + 1 + underlined :]])
        break
    return body


def headings_in(lines: list[str]) -> Iterator[Heading]:
    """The headings outside of fenced code, in their order."""
    fenced = False
    index = 0
    while index < len(lines):
        if _FENCE.match(lines[index]):
            fenced = not fenced
        found = None if fenced else _heading(lines, index)
        if found:
            level, text, used = found
            yield Heading(index, used, level, plain(text).rstrip(":").strip())
        index += found[2] if found else 1


def _heading(lines: list[str], index: int) -> tuple[int, str, int] | None:
    """(level, text, lines used) if a heading begins here."""
    line = lines[index]
    if match := _ATX.match(line):
        return len(match[1]), match[2].rstrip().rstrip("#").rstrip(), 1
    if match := _WIKI.match(line):
        return int(match[1]), match[2], 1
    following = lines[index + 1] if index + 1 < len(lines) else ""
    underline = _UNDERLINE.match(following)
    before = lines[index - 1].strip() if index else ""
    if underline and line.strip() and not before and not line.lstrip().startswith(("|", "-", "*")):
        return (1 if underline[1][0] == "=" else 2), line.strip(), 2
    if match := _BOLD_ALONE.match(line):
        return 7, match[1], 1
    alone = _LABEL_ALONE.match(line)
    if alone and section_about(alone[1]):
        return 7, alone[1], 1
    # A name of a section alone on its line, between empty ones or at the start of a block; with a
    # full stop it ends a sentence that began on the line before.
    text = line.strip()
    is_short = len(line) < 60 and text[-1:] != "."
    if is_short and section_about(text) and (not before or len(text.split()) > 1):
        return 7, text, 1
    return None


def _read_labels(report: Report, section: Section) -> None:
    if name := line_field(section.heading):
        first = next((plain(line) for line in section.lines if line.strip()), "")
        if first and len(first) < 200:
            report.labelled.setdefault(name, []).append(first)
    if section.about == "actions":
        return  # Its tables have columns of their own.
    for label, value in _labelled(section.lines):
        if (name := line_field(label)) and len(value) < 300:
            timed = _timed(value) if name == "status" else None
            if timed:
                report.labelled.setdefault(line_field(timed[0]), []).append(timed[1])
                value = value.split()[0]
            report.labelled.setdefault(name, []).append(value)
        elif about := section_about(label):
            report.labels_of_sections.append((about, value))


def _labelled(lines: list[str]) -> Iterator[tuple[str, str]]:
    previous: list[str] = []
    for line in lines:
        if line.lstrip().startswith("|"):
            cells = cells_of(line)
            if not all(set(cell) <= set("-: ") for cell in cells):
                yield from _pairs(cells, previous)
                previous = cells
            continue
        previous = []
        if _DEFINITION.match(line):
            continue
        # Some write several on one line: **Severity:** SEV2 | **Status:** resolved
        for text in map(plain, line.split(" | ")):
            if timed := _timed(_NUMBER.sub("", text)):
                yield timed
                continue
            match = _LABEL.match(text)
            if match is None:
                break
            yield _NUMBER.sub("", match[1]).strip(" *_"), match[2].strip(" *_")


def _timed(text: str) -> tuple[str, str] | None:
    """(label, time) of a text that is the name of a time and the time itself, and nothing else."""
    match = _TIMED.match(text)
    if match is None or line_field(match[1]) not in TIME_FIELDS:
        return None
    return (match[1], match[2]) if read_written_time(match[2], "day-first") else None


def _pairs(cells: list[str], head: list[str]) -> Iterator[tuple[str, str]]:
    """A row of labels and values; or values below heads that are labels."""
    if len(head) == len(cells) > 2 and sum(bool(line_field(each)) for each in head) > 1:
        yield from zip(head, cells, strict=True)
        return
    for label, value in zip(cells[::2], cells[1::2], strict=False):
        if value:
            yield label.rstrip(":"), value


def cells_of(line: str) -> list[str]:
    """The cells of a row of a table.

    >>> cells_of("| Action | Owner |")
    ['Action', 'Owner']
    """
    text = line.strip()
    text = text[1:] if text.startswith("|") else text
    text = text[:-1] if text.endswith("|") else text
    return [plain(cell) for cell in text.replace("\\|", "¦").split("|")[:40]]


def plain(text: str) -> str:
    """A line without marks of Markdown and with the words of its links.

    >>> plain("- **Date:** [Mar 7](https://example.com)")
    'Date: Mar 7'
    """
    text = _LINK.sub(r"\1", text[:4000])
    return _MARKS.sub("", _MARKS.sub("", text)).strip().strip("*_").strip()
