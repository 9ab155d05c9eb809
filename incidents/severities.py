"""The words that other tools use for severity, and what they mean here. The only such table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

DEFAULT = "SEV3"

INCIDENT_WORDS = {
    "SEV1": ("sev1", "1", "p1", "critical", "major_outage", "high", "blocker"),
    "SEV2": ("sev2", "2", "p2", "major", "partial_outage"),
    "SEV3": ("sev3", "3", "p3", "minor", "degraded_performance", "medium", "low"),
    "SEV4": ("sev4", "4", "p4", "none", "maintenance", "info"),
}
"""How exports of incidents and people rate an incident."""

ALERT_WORDS = {
    "critical": ("critical", "page", "fatal", "disaster", "emergency", "p1", "1", "high"),
    "info": ("info", "information", "informational", "none", "low", "debug", "p5", "notice"),
}
"""How monitors rate an alert; every other word is a warning."""

OF_ALERT = {
    ("critical", "core"): "SEV1",
    ("critical", "normal"): "SEV2",
    ("critical", "supplementary"): "SEV3",
    ("warning", "core"): "SEV2",
    ("warning", "normal"): "SEV3",
    ("warning", "supplementary"): "SEV4",
}
"""The severity of the incident that an alert opens, by urgency and tier; SEV4 for all others."""

_CODE = re.compile(r"(?:sev|p)[1-4]", re.IGNORECASE)


def severity_named(word: Any) -> str | None:
    """The severity that a word of a person or of another tool stands for, or None.

    >>> severity_named("Major Outage"), severity_named("p2"), severity_named("purple")
    ('SEV1', 'SEV2', None)
    """
    text = str(word).strip().lower().replace(" ", "_").replace("-", "")
    return next((severity for severity, words in INCIDENT_WORDS.items() if text in words), None)


def severity_in_labels(labels: Iterable[str]) -> str:
    """The first label that is a code such as sev2 or P3; "low" or "1" may mean anything there."""
    return next((label for label in labels if _CODE.fullmatch(label)), "")


def severity_of_alert(word: str, tier: str) -> str:
    """The severity of the incident that an alert opens, by the monitor's word and the tier."""
    word = word.lower()
    urgency = next((rank for rank, words in ALERT_WORDS.items() if word in words), "warning")
    return OF_ALERT.get((urgency, tier), "SEV4")
