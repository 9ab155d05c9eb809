"""Plain log files on the workers' own disk."""

from __future__ import annotations

import gzip
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_LINES,
    Line,
    SourceAnswer,
    SourceError,
    SourceForm,
    SourcePlugin,
    SourceQuery,
    Target,
    Window,
    fill,
)
from common.redaction import redact

MAX_BYTES = 200 * 1024 * 1024
_STAMP = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<time>\d{2}:\d{2}:\d{2})(?:[.,](?P<fraction>\d{1,9}))?"
    r"\s?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


class LogFilesForm(SourceForm):
    pattern = forms.CharField(
        label=_("Pattern"),
        initial="$service*.log*",
        help_text=_(
            "File names below the folder set with CAUSEBOOK_LOG_ROOT. "
            "Lines need a time such as 2026-03-01T02:57:00Z; without a zone it is read as UTC."
        ),
    )

    def clean_pattern(self) -> str:
        pattern = self.cleaned_data["pattern"].lstrip("/")
        if ".." in Path(pattern).parts:
            raise forms.ValidationError(_("“..” would lead out of the folder."))
        return pattern


class LogFiles(SourcePlugin):
    kind = "logfiles"
    title = _("Plain log files")
    items = "lines"
    SettingsForm = LogFilesForm

    def queries(self, target: Target) -> list[SourceQuery]:
        return [SourceQuery("log", fill(self.settings.get("pattern") or "$service*.log*", target))]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        until = time.monotonic() + deadline
        start, end = window.start.timestamp(), window.end.timestamp()
        lines: list[Line] = []
        gaps: list[str] = []
        read = 0
        for path in self._files(query.text):
            if path.stat().st_mtime < start:
                continue
            try:
                for at, text in _stamped_lines(path):
                    read += len(text)
                    if start <= at <= end:
                        lines.append(Line(at, redact(text), {"file": path.name}))
                    if read > MAX_BYTES or time.monotonic() > until:
                        break
            except (OSError, EOFError) as error:
                gaps.append(f"{path.name} cannot be read: {error}")
            if read > MAX_BYTES or time.monotonic() > until:
                gaps.append("The files were too large to read to the end in time.")
                break
        lines.sort(key=lambda line: line.at)
        if len(lines) > MAX_LINES:
            gaps.append(f"{len(lines)} lines matched; the newest {MAX_LINES} are stored.")
        if not lines:
            gaps.append("No lines matched in the window.")
        return SourceAnswer(lines[-MAX_LINES:], "", gaps)

    def probe(self, deadline: float) -> str:
        count = sum(1 for path in self._root().rglob("*") if path.is_file())
        return f"The folder holds {count} files."

    @staticmethod
    def _root() -> Path:
        root: Any = django_settings.LOG_ROOT
        if not root:
            raise SourceError(
                "not-allowed", "Set CAUSEBOOK_LOG_ROOT to the folder that may be read, for workers."
            )
        if not os.access(root, os.R_OK | os.X_OK):
            raise SourceError("denied", f"The folder {root} is missing or may not be read.")
        return Path(root).resolve()

    def _files(self, pattern: str) -> list[Path]:
        root = self._root()
        if ".." in Path(pattern).parts or pattern.startswith("/"):
            raise SourceError("not-allowed", "The pattern leads out of the folder.")
        # resolve() follows links, so a link that leads out of the folder is left out as well.
        return sorted(
            path
            for path in root.glob(pattern)
            if path.is_file() and path.resolve().is_relative_to(root)
        )


def _stamped_lines(path: Path) -> Iterator[tuple[float, str]]:
    """Lines with their time; a line without one (a stack trace) belongs to the line before."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    last: float | None = None
    with opener(path, "rt", errors="replace") as file:
        for line in file:
            text = line.rstrip("\n")[:4000]
            last = _time_of(text) or last
            if last is not None and text:
                yield last, text


def _time_of(text: str) -> float | None:
    match = _STAMP.search(text[:80])
    if not match:
        return None
    zone = match["zone"] or "+00:00"
    zone = "+00:00" if zone == "Z" else zone
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    try:
        stamp = datetime.fromisoformat(f"{match['day']}T{match['time']}.{fraction}{zone}")
    except ValueError:
        return None
    return stamp.astimezone(UTC).timestamp()
