"""reStructuredText as Markdown: headings, fields, lists, tables, code, notes and links."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from kb.importers.converted import Converted, without_indent

DEEPEST = 10
"""Notes inside of notes."""
MOST_JOINED = 40
"""Lines of an entry of a list."""
_ENTRY = re.compile(r"\s{0,20}(?:[-*+•]|\d{1,2}[.)]|#\.)\s{1,5}(?=\S)")
_BOX = re.compile(r"^(\s{0,20}[-*+]\s{1,5})([☒☑☐])\s")
_ADORNMENT = re.compile(r"([=\-`:'\"~^_*+#<>.])\1{2,200}\s{0,20}$")
_FIELD = re.compile(r":([A-Za-z][^:`]{0,60}):(?:\s{1,20}(\S.{0,2000}))?$")
_DIRECTIVE = re.compile(r"\.\. ([a-z][\w:-]{0,40})::(?:\s{1,20}(\S.{0,500}))?\s{0,20}$")
_OPTION = re.compile(r"\s{1,20}:[\w-]{1,40}:(?:\s|$)")
_SIMPLE_RULE = re.compile(r"={2,200}(?:\s{1,20}={2,200}){1,40}\s{0,20}$")
_GRID_RULE = re.compile(r"\+(?:[-=]{1,200}\+){1,40}\s{0,20}$")
_NUMBERED = re.compile(r"^(\s{0,20})#\.\s")
_LINK = re.compile(r"`([^`<>]{1,200}?)\s{0,5}<([^`<>\s]{1,500})>`__?")
_ROLE = re.compile(r":[a-z][\w:-]{0,40}:`([^`<>]{1,200}?)(?:\s{0,5}<[^`<>]{0,300}>)?`")
_REFERENCE = re.compile(r"`([^`<>]{1,200})`__?(?!\w)")
_CODE = re.compile(r"``([^`]{1,300})``")
_LIST_ROW, _LIST_CELL = re.compile(r"[*-] - ?(.{0,2000})$"), re.compile(r" {1,4}- ?(.{0,2000})$")
_NOTES = set("note warning important attention caution danger error hint tip admonition".split())
_CODE_BLOCKS = {"code", "code-block", "sourcecode", "literalinclude", "parsed-literal"}
_TABLES = {"list-table", "csv-table", "table"}
_WITH_TEXT = {"topic", "sidebar", "rubric", "epigraph", "container", "versionadded", "deprecated"}


def rst_to_markdown(text: str) -> Converted:
    """Never raises; what it does not know is left out and named."""
    found = Converted()
    _convert(text.expandtabs(8).splitlines(), found, [])
    return found


def _convert(lines: list[str], found: Converted, styles: list[str], depth: int = 0) -> None:
    index = 0
    while index < len(lines):
        line = lines[index]
        if heading := _heading_at(lines, index):
            title, style, used = heading
            if style not in styles:
                styles.append(style)
            found.lines += ["#" * min(styles.index(style) + 1, 6) + " " + _inline(title), ""]
            index += used
        elif _SIMPLE_RULE.match(line):
            index = _simple_table(lines, index, found)
        elif _GRID_RULE.match(line):
            index = _grid_table(lines, index, found)
        elif line.startswith(".. "):
            end = _end_of_block(lines, index + 1)
            _explicit(line, lines[index + 1 : end], found, styles, depth)
            index = end
        elif match := _FIELD.match(line):
            end = _end_of_block(lines, index + 1)
            rest = [part.strip() for part in lines[index + 1 : end] if part.strip()]
            value = " ".join([match[2] or "", *rest]).strip()
            found.lines += [f"**{match[1]}:** {_inline(value)}", ""]
            index = end
        else:
            line, index = _whole_line(lines, index)
            following = lines[index] if index < len(lines) else ""
            opens_code = line.rstrip().endswith("::") and not following.strip()
            plain = line.rstrip()[:-1] if opens_code else line.removeprefix("| ")
            found.lines.append(_inline(_NUMBERED.sub(r"\g<1>1. ", "" if plain == ":" else plain)))
            if opens_code:
                end = _end_of_block(lines, index)
                found.lines.append("")
                found.add_code(without_indent(lines[index:end]))
                index = end


def _whole_line(lines: list[str], index: int) -> tuple[str, int]:
    """A line with those on which its list entry, links and roles go on, and the next number."""
    line = lines[index]
    entry = _ENTRY.match(line)
    for _ in range(MOST_JOINED):
        index += 1
        following = lines[index] if index < len(lines) else ""
        goes_on = entry and following.startswith(" " * entry.end()) and not _ENTRY.match(following)
        if not following.strip() or not (goes_on or line.count("`") % 2):
            break
        line = f"{line.rstrip()} {following.strip()}"
    return line, index


def _heading_at(lines: list[str], index: int) -> tuple[str, str, int] | None:
    """(title, style of its lines, lines used) if a heading begins here."""
    line, second, third = [*lines[index : index + 3], "", ""][:3]
    over = _ADORNMENT.match(line)
    if over and second.strip() and third.rstrip() == line.rstrip():
        return second.strip(), f"over {over[1]}", 3
    under = _ADORNMENT.match(second)
    before = lines[index - 1].strip() if index else ""
    is_title = line.strip() and line[0] != " " and not over and not before
    if under and is_title and len(second.rstrip()) >= min(len(line.rstrip()), 4):
        return line.strip(), under[1], 2
    return None


def _end_of_block(lines: list[str], start: int) -> int:
    """Behind the indented lines that begin here."""
    end = start
    for index in range(start, len(lines)):
        if lines[index].strip():
            if not lines[index].startswith(" "):
                break
            end = index + 1
    return end


def _explicit(line: str, block: list[str], found: Converted, styles: list[str], depth: int) -> None:
    """A directive; comments and targets of links say nothing to a reader."""
    match = _DIRECTIVE.match(line)
    if match is None:
        return
    name, argument = match[1], match[2] or ""
    content = list(block)
    while content and _OPTION.match(content[0]):
        content = content[1:]
    content = without_indent(content)
    if name in _CODE_BLOCKS and content:
        found.add_code(content)
    elif name in _TABLES:
        _table(name, argument, content, found)
    elif depth < DEEPEST and (name in _NOTES or name in _WITH_TEXT):
        label = argument if name in ("admonition", "topic", "rubric", "sidebar") else ""
        if label:
            found.lines += [f"**{_inline(label)}**", ""]
        elif argument:
            content = [argument, *content]
        _convert([*content, ""], found, styles, depth + 1)
    else:
        found.left_out[name] += 1


def _table(name: str, title: str, content: list[str], found: Converted) -> None:
    if title:
        found.lines += [_inline(title), ""]
    if name == "table":
        _convert(content, found, [], DEEPEST)
    elif name == "csv-table":
        found.add_table([[_inline(cell.strip()) for cell in row] for row in csv.reader(content)])
    else:
        rows: list[list[str]] = []
        for line in content:
            if match := _LIST_ROW.match(line):
                rows.append([match[1].strip()])
            elif rows and (match := _LIST_CELL.match(line)):
                rows[-1].append(match[1].strip())
            elif rows and line.strip():
                rows[-1][-1] += f" {line.strip()}"
        found.add_table([[_inline(cell) for cell in row] for row in rows])


def _simple_table(lines: list[str], start: int, found: Converted) -> int:
    spans = [match.span() for match in re.finditer(r"={2,200}", lines[start])]
    starts = [first for first, _ in spans]
    rows: list[list[str]] = []
    index, rules = start + 1, 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if _SIMPLE_RULE.match(line):
            rules += 1
            following = lines[index] if index < len(lines) else ""
            if rules == 2 or not following.strip():
                break
        elif line.strip():
            cells = list(_cut(line, starts))
            if cells[0] or not rows:
                rows.append(cells)
            else:
                rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], cells, strict=True)]
    found.add_table([[_inline(cell) for cell in row] for row in rows])
    return index


def _cut(line: str, starts: list[int]) -> Iterator[str]:
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        yield line[start:end].strip()


def _grid_table(lines: list[str], start: int, found: Converted) -> int:
    rows: list[list[str]] = []
    is_new = True
    index = start
    while index < len(lines) and lines[index].startswith(("+", "|")):
        line = lines[index].rstrip()
        index += 1
        if line.startswith("+"):
            is_new = True
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if is_new or len(cells) != len(rows[-1]):
            rows.append(cells)
        else:
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], cells, strict=True)]
        is_new = False
    found.add_table([[_inline(cell) for cell in row] for row in rows])
    return index


def _inline(text: str) -> str:
    text = _LINK.sub(r"[\1](\2)", text[:4000])
    text = _BOX.sub(lambda box: f"{box[1]}[{' ' if box[2] == '☐' else 'x'}] ", text)
    text = _CODE.sub(r"`\1`", _ROLE.sub(r"\1", text)) if "`" in text else text
    return _REFERENCE.sub(r"\1", text)
