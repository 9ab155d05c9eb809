"""What monitors write about an alert in labels, annotations and tags, however they call it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from common.payloads import text, web_links

SEVERITIES = (
    "severity", "priority", "sev", "prio", "alert_severity", "severity_level", "criticality",
    "urgency", "importance", "level",
)  # fmt: skip


def severity_in(values: Mapping[str, str]) -> str:
    """The severity in labels, annotations or tags; empty without one."""
    by_name = {name.lower(): value for name, value in values.items()}
    return next((by_name[name][:50] for name in SEVERITIES if by_name.get(name)), "")


def fingerprint_of(*parts: Any) -> str:
    """The same for the same labels and texts, for senders that give an alert no id of its own."""
    written = []
    for part in parts:
        pairs = sorted(part.items()) if isinstance(part, Mapping) else [("", part)]
        written += [f"{name}={text(value, limit=1000)}" for name, value in pairs]
    return hashlib.sha256("\n".join(written).encode("utf-8", "replace")).hexdigest()[:32]


def links_in(notes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and address of every value that is an address: `runbook_url`, `dashboard`."""
    return web_links(*((link_label(name), note) for name, note in notes.items()))


def link_label(name: str) -> str:
    """What a link leads to, out of the name of its field.

    >>> link_label("runbook_url"), link_label("dashboardURL"), link_label("link")
    ('runbook', 'dashboard', 'link')
    """
    words = name.replace("_", " ").replace("-", " ").strip().lower()
    for end in ("url", "uri", "link", "href"):
        words = words.removesuffix(end).strip() or words
    return words
