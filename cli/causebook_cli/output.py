"""Output of the command: tables for people, JSON and tabs for pipes."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

out = Console(highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for pipes.")]


def show_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def show_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """A table on a terminal; elsewhere tabs between columns, for cut and awk."""
    if not out.is_terminal:
        for row in rows:
            print("\t".join(_flat(cell) for cell in row))
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        # Escaped: [brackets] in a title are not markup.
        table.add_row(*(_flat(cell).replace("[", r"\[") for cell in row))
    out.print(table)


def _flat(cell: Any) -> str:
    return " ".join(str("" if cell is None else cell).split())
