"""What a whole table of incidents shows of how its times are written, and one row does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from common.day_numbers import holds_day_numbers
from common.written_times import DateOrder, date_order_of
from incidents.history_columns import TIME_FIELDS
from incidents.history_rows import RowOptions, columns_of


def written_as(
    rows: Sequence[Mapping[str, Any]], options: RowOptions
) -> tuple[RowOptions, dict[str, DateOrder]]:
    """(options that read day numbers of a spreadsheet, if a column of starts holds them; by column
    of times: the order of days and months that its own or, else, the other columns show)."""
    columns = columns_of(dict.fromkeys(head for row in rows for head in row), options.mapping)
    starts = columns["impact_started_at"]
    shown = any(holds_day_numbers(row.get(head) for row in rows) for head in starts)
    times = dict.fromkeys(head for name in TIME_FIELDS for head in columns[name])
    orders = {} if options.order else _date_orders(rows, times)
    return (replace(options, day_numbers=True) if shown else options), orders


def _date_orders(rows: Sequence[Mapping[str, Any]], heads: Iterable[str]) -> dict[str, DateOrder]:
    found = {
        head: date_order_of(row[head] for row in rows if isinstance(row.get(head), str))
        for head in heads
    }
    shown = {order for order in found.values() if order}
    other: DateOrder = shown.pop() if len(shown) == 1 else ""
    return {head: order or other for head, order in found.items()}
