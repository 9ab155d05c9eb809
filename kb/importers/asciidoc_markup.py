"""AsciiDoc as Markdown: headings, attributes, lists, tables, blocks and links."""

from __future__ import annotations

import re

from kb.importers.converted import Converted
from kb.importers.section_names import line_field

_HEADING = re.compile(r"(={1,6}) {1,5}(\S.{0,300})$")
_ATTRIBUTE = re.compile(r":([A-Za-z][\w-]{0,60}):\s{1,20}(\S.{0,2000})$")
_ATTRIBUTE_ALONE = re.compile(r":!?[A-Za-z][\w-]{0,60}!?:\s{0,20}$")
_LIST = re.compile(r"\s{0,20}(\*{1,6}|-|\.{1,6}) {1,5}(\S.{0,2000})$")
_TERM = re.compile(r"(\S[^:]{0,100}):{2,4}(?:\s{1,20}(\S.{0,2000}))?$")
_BLOCK_TITLE = re.compile(r"\.([^\s.].{0,200})$")
_BLOCK_ATTRIBUTES = re.compile(r"\[[^\[\]]{0,300}\]\s{0,20}$|\[\[[^\[\]]{0,200}\]\]\s{0,20}$")
_MACRO = re.compile(
    r"(image|include|video|audio|toc|ifdef|ifndef|ifeval|endif)::(\S{0,300}?)\[[^\[\]]{0,300}\]\s{0,20}$"
)
_COLUMNS = re.compile(r"cols=\"([^\"]{1,100})\"|cols=([\d*]{1,10})")
_LINK = re.compile(r"(?:link:)?(https?://[^\s\[\]]{1,500})\[([^\[\]]{1,200}?)\^?\]")
_REFERENCE = re.compile(r"<<[^<>,]{1,100},\s{0,5}([^<>]{1,200})>>")
_BOLD = re.compile(r"(?<![\w*])\*([^\s*][^*]{0,200})\*(?![\w*])")
_CELL = re.compile(r"(?:^|\s)(?:[\d.+*^<>]{0,8}[aehlmsd]?)?\|")
_CODE = ("----", "....", "```")
_TEXT = ("====", "****", "____", "--")
_DROPPED = {"////": "", "++++": "passthrough"}


def asciidoc_to_markdown(text: str) -> Converted:
    """Never raises; what it does not know is left out and named."""
    found = Converted()
    lines = text.expandtabs(8).splitlines()
    columns = 0
    index = 0
    while index < len(lines):
        line = lines[index].rstrip()
        index += 1
        if _is_delimiter(line, _CODE) or _is_delimiter(line, tuple(_DROPPED)):
            end = _closing(lines, index, line)
            _add_block(line, lines[index:end], found)
            index = end + 1
        elif line.startswith(("|===", "!===", ",===", ":===")):
            end = _closing(lines, index, line)
            _add_table(lines[index:end], columns, found)
            columns, index = 0, end + 1
        elif match := _COLUMNS.search(line) if line.startswith("[") else None:
            columns = _count_of(match[1] or match[2])
        else:
            found.lines += _converted_line(line, found)
    return found


def _is_delimiter(line: str, marks: tuple[str, ...]) -> bool:
    return line.startswith(marks) and len(set(line.rstrip())) == 1


def _closing(lines: list[str], start: int, delimiter: str) -> int:
    """The line that closes a block; the end of the text if none does."""
    return next(
        (index for index in range(start, len(lines)) if lines[index].rstrip() == delimiter),
        len(lines),
    )


def _add_block(delimiter: str, lines: list[str], found: Converted) -> None:
    name = _DROPPED.get(delimiter[:4])
    if name is None:
        found.add_code(lines)
    elif name:
        found.left_out[name] += 1


def _converted_line(line: str, found: Converted) -> list[str]:
    if match := _HEADING.match(line):
        return ["#" * len(match[1]) + " " + _inline(match[2]), ""]
    if match := _ATTRIBUTE.match(line):
        # Others are settings of the document.
        name = match[1].replace("-", " ")
        is_read = line_field(name) or "date" in name
        return [f"**{name.capitalize()}:** {match[2]}", ""] if is_read else []
    if match := _MACRO.match(line):
        if match[1] in ("image", "include", "video", "audio"):
            found.left_out[f"{match[1]} {match[2]}".strip()] += 1
        return []
    is_silent = line.startswith("//") or line in ("+", "<<<")
    if is_silent or _ATTRIBUTE_ALONE.match(line) or _BLOCK_ATTRIBUTES.match(line):
        return []
    if _is_delimiter(line, _TEXT) and (line == "--" or len(line) > 3):
        return [""]
    if match := _LIST.match(line):
        depth = len(match[1]) - 1
        mark = "1." if match[1][0] == "." else "-"
        return ["  " * depth * (2 if mark == "1." else 1) + f"{mark} {_inline(match[2])}"]
    if match := _TERM.match(line):
        return [f"**{match[1]}:** {_inline(match[2] or '')}".rstrip()]
    if match := _BLOCK_TITLE.match(line):
        return [f"**{_inline(match[1])}**", ""]
    return ["---" if line == "'''" else _inline(line.removesuffix(" +"))]


def _count_of(written: str) -> int:
    """Columns of cols="1,3", cols="2*" or cols=3."""
    counted = 0
    for part in written.split(","):
        times, star, _ = part.strip().partition("*")
        counted += int(times) if star and times.isdigit() and len(times) < 3 else 1
    alone = written.isdigit() and len(written) < 3
    return int(written) if alone and int(written) > 1 else counted


def _add_table(lines: list[str], columns: int, found: Converted) -> None:
    cells: list[str] = []
    for line in lines:
        parts = _CELL.split(line)
        if len(parts) == 1 and cells:
            cells[-1] = f"{cells[-1]} {line.strip()}".strip()
            continue
        columns = columns or len(parts) - 1
        cells += [_inline(part.strip()) for part in parts[1:]]
    columns = max(columns, 1)
    found.add_table([cells[start : start + columns] for start in range(0, len(cells), columns)])


def _inline(text: str) -> str:
    text = _LINK.sub(r"[\2](\1)", text[:4000])
    return _BOLD.sub(r"**\1**", _REFERENCE.sub(r"\1", text))
