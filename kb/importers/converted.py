"""What a text in another markup becomes in Markdown, and what of it is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_BAR = "\\|"


@dataclass
class Converted:
    lines: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Names of elements that have no place in Markdown, with how often they come."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def notes(self) -> list[str]:
        """For the report of an import; empty if all was taken."""
        named = [f"{name} ({times})" for name, times in sorted(self.left_out.items())]
        return [f"not taken: {', '.join(named)[:300]}"] if named else []

    def add_code(self, lines: Iterable[str]) -> None:
        self.lines += ["```", *(line.replace("```", "'''") for line in lines), "```", ""]

    def add_table(self, rows: list[list[str]]) -> None:
        """The first row is the head."""
        columns = max(map(len, rows), default=0)
        written = [_row([*row, *[""] * (columns - len(row))]) for row in rows]
        if written:
            self.lines += [written[0], "|" + " --- |" * columns, *written[1:], ""]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"


def without_indent(lines: list[str]) -> list[str]:
    """Lines without the blanks that all have in front, and without empty ones at both ends."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if not filled:
        return []
    lines = lines[filled[0] : filled[-1] + 1]
    least = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[least:] for line in lines]
