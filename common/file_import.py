"""Imports files through plug-ins, and the report of any import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common import json_text
from common.errors import choose_one_of

MAX_BYTES = 5 * 1024 * 1024
MAX_ENTRIES = 10_000
"""Of a file: each costs some queries, and a request must end."""


class BadFile(Exception):
    """The file is not of this kind; the message says what was expected."""


def json_of(content: str) -> Any:
    """Parsed JSON. Raises BadFile."""
    try:
        return json_text.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"This is not JSON: {str(error)[:200]}") from error


class Skipped(NamedTuple):
    """An entry of a file that was not imported."""

    place: str
    """Position in the file."""
    why: str


@dataclass
class ImportReport:
    """What an import did. Imports that create more kinds of records add to it."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    """Entries that are known already and were not changed."""
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Skipped] = field(default_factory=list)
    """What of an imported entry was not read, or was assumed."""

    def skip(self, place: str, why: str) -> None:
        self.skipped.append(Skipped(place, why))

    def remark(self, place: str, what: str) -> None:
        self.remarks.append(Skipped(place, what))

    @property
    def total(self) -> int:
        return len(self.new) + len(self.changed) + self.same + len(self.skipped)


def import_file(
    plugins: Mapping[str, type[Any]],
    kind: str,
    content: str,
    dry_run: bool,
    write: Callable[[list[Any], ImportReport], None],
) -> ImportReport:
    """Read a file with the plug-in of its kind and hand its entries to `write`, all or nothing.

    Raises ValidationError when the file is not of that kind.
    """
    plugin = plugins.get(kind)
    if plugin is None:
        raise ValidationError({"kind": choose_one_of(plugins)})
    if len(content.encode("utf-8", "replace")) > MAX_BYTES:
        raise ValidationError(
            {
                "content": ValidationError(
                    _("At most %(most)s MB at once."), params={"most": MAX_BYTES // 1024**2}
                )
            }
        )
    try:
        read: list[Any] = list(plugin().read(content.replace("\x00", "")))
    except BadFile as error:
        raise ValidationError({"content": str(error)}) from error
    if len(read) > MAX_ENTRIES:
        found = ValidationError(
            _("At most %(most)s entries at once: this file has %(count)s. Split it."),
            params={"most": f"{MAX_ENTRIES:,}", "count": f"{len(read):,}"},
        )
        raise ValidationError({"content": found})
    report = ImportReport(skipped=[each for each in read if isinstance(each, Skipped)])
    entries = [each for each in read if not isinstance(each, Skipped)]
    with transaction.atomic():
        write(entries, report)
        if dry_run:
            transaction.set_rollback(True)
    return report
