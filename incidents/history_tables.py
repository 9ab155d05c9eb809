"""What a whole table of incidents shows of how its times are written, and one row does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from common.day_numbers import holds_day_numbers
from common.written_times import DateOrder, date_order_of
from incidents.history_rows import TIME_FIELDS, RowOptions, columns_of


def with_day_numbers(options: RowOptions, rows: Sequence[Mapping[str, Any]]) -> RowOptions:
    """Options that read day numbers of a spreadsheet, if a column of starts holds them."""
    heads = dict.fromkeys(head for row in rows for head in row)
    starts = columns_of(heads, options.mapping)["impact_started_at"]
    shown = any(holds_day_numbers(row.get(head) for row in rows) for head in starts)
    return replace(options, day_numbers=True) if shown else options


def date_orders(rows: Sequence[Mapping[str, Any]], options: RowOptions) -> dict[str, DateOrder]:
    """By column: the order of days and months that its own or, else, the other columns show."""
    if options.order or not rows:
        return {}
    heads = dict.fromkeys(head for row in rows for head in row)
    columns = columns_of(heads, options.mapping)
    times = dict.fromkeys(head for name in TIME_FIELDS for head in columns[name])
    found = {
        head: date_order_of(row[head] for row in rows if isinstance(row.get(head), str))
        for head in times
    }
    shown = {order for order in found.values() if order}
    other: DateOrder = shown.pop() if len(shown) == 1 else ""
    return {head: order or other for head, order in found.items()}
