"""The contract of catalogue readers: from the text of a file to entries and skipped ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from common.file_import import Skipped
from common.payloads import text


@dataclass(frozen=True)
class CatalogueEntry:
    """A service as a file describes it; an empty field is unknown."""

    place: str
    """Position in the file, for reports."""
    name: str
    description: str = ""
    tier: str = ""
    lifecycle: str = ""
    kind: str = ""
    owner_team: str = ""
    on_call: str = ""
    runbook_url: str = ""
    dashboards: str = ""
    """URLs, one per line, as in `repositories`."""
    repositories: str = ""
    depends_on: tuple[str, ...] = ()


class CatalogueReader:
    """Base of the plug-ins. A new one sets the attributes and implements `read`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    example: ClassVar[str] = ""
    """How to get such a file, in one line."""

    def read(self, content: str) -> Iterator[CatalogueEntry | Skipped]:
        """The services in a file. Raises BadFile when it is not of this kind."""
        raise NotImplementedError


TIERS = {
    "core": ("core", "critical", "tier1", "tier-1", "1", "tier0", "tier-0", "0"),
    "normal": ("normal", "tier2", "tier-2", "2", "major"),
    "supplementary": ("supplementary", "tier3", "tier-3", "3", "tier4", "tier-4", "4", "minor"),
}


LIFECYCLES = {
    "architecture": ("architecture", "design", "planned"),
    "development": ("development", "experimental", "alpha", "dev"),
    "limited": ("limited", "beta", "preview", "limited availability"),
    "general": ("general", "production", "ga", "live", "general availability"),
    "deprecated": ("deprecated", "retired", "end-of-life", "sunset"),
}


def canonical_value(known: dict[str, tuple[str, ...]], value: Any) -> str:
    """Our value for one of theirs; empty for an unknown one."""
    given = text(value).lower()
    return next((ours for ours, theirs in known.items() if given in theirs), "")
