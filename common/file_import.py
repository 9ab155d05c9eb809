"""Taking files in, by plug-ins that read them: what every such act shares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

MOST_BYTES = 5 * 1024 * 1024


class BadFile(Exception):
    """The file is not of this kind at all; the message says what was expected."""


def json_of(content: str) -> Any:
    """Raises BadFile."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"This is not JSON: {str(error)[:200]}") from error


@dataclass(frozen=True)
class Skipped:
    place: str
    why: str


@dataclass
class Report:
    """What a file brought: names, and what was skipped and why."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def take_file(
    plugins: Mapping[str, type[Any]], kind: str, content: str, dry_run: bool,
    take: Callable[[list[Any], Report], None],
) -> Report:  # fmt: skip
    """Read a file with the plug-in of its kind and hand its entries to `take`, all or nothing.

    Raises ValidationError for what is no such file.
    """
    plugin = plugins.get(kind)
    if plugin is None:
        raise ValidationError({"kind": f"Choose one of {', '.join(plugins)}."})
    if len(content.encode("utf-8", "replace")) > MOST_BYTES:
        raise ValidationError({"content": f"At most {MOST_BYTES // 1024**2} MB at once."})
    report = Report()
    try:
        read: Iterable[Any] = list(plugin().read(content.replace("\x00", "")))
    except BadFile as error:
        raise ValidationError({"content": str(error)}) from error
    entries = [each for each in read if not isinstance(each, Skipped)]
    report.skipped = [(each.place, each.why) for each in read if isinstance(each, Skipped)]
    with transaction.atomic():
        take(entries, report)
        if dry_run:
            transaction.set_rollback(True)
    return report
