"""Lines of CSV that no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator


def safe_cell(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(tuple("=+-@\t\r")) else cell


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A line of each row, one at a time; texts that begin like formulas are quoted."""
    line = io.StringIO()
    writer = csv.writer(line)
    for row in rows:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
