"""Options of import commands: names of columns, and how times are written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from common.errors import error_text
from incidents.custom_fields.values import BelongsTo, labels_of
from incidents.history_rows import DATE_ORDERS, RowOptions, mapping_of, options_from


def add_reading_arguments(parser: CommandParser, fields: Collection[str]) -> None:
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=f"the column or key that holds a field; fields: {', '.join(fields)}, "
        "and custom fields by name",
    )
    parser.add_argument(
        "--zone",
        default="",
        help="of times without an offset: Europe/Berlin, EST, +0530; default: UTC",
    )
    parser.add_argument(
        "--dates",
        choices=DATE_ORDERS,
        default="",
        help="how 05/03/2026 is meant, where no value of its column shows it",
    )


def reading_options(options: dict[str, Any], fields: Collection[str]) -> RowOptions:
    """The options that were given. Raises CommandError in words."""
    custom = labels_of(BelongsTo.INCIDENTS)
    try:
        mapping = mapping_of(options["map"], [*fields, *custom])
        return options_from(mapping, options["zone"], options["dates"], custom)
    except ValidationError as error:
        raise CommandError(error_text(error)) from error
