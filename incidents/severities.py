"""The words that other tools use for severity, and what they mean here. The only such table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

DEFAULT = "SEV3"

WORDS = {
    "SEV1": (
        "critical crit fatal disaster emergency emerg panic page pager blocker urgent highest "
        "severe catastrophic showstopper major_outage full_outage down unreachable availability "
        "majoroutage extreme very_high red kritisch höchste katastrophe critique bloquant crítico "
        "crítica critico critica kritiek máxima"
    ),
    "SEV2": (
        "high major error err errors alert serious partial partial_outage important significant "
        "partialoutage disrupted orange hoch erheblich schwerwiegend fehler élevé majeur majeure "
        "alto alta grave hoog maior mayor"
    ),
    "SEV3": (
        "warning warn medium moderate minor average normal degraded degraded_performance "
        "performance unknown unkn nodata no_data non_critical not_critical noncritical ticket "
        "degradedperformance yellow amber mittel warnung moyen avertissement medio "
        "média medie media moyenne gemiddeld moderato modérée"
    ),
    "SEV4": (
        "info information informational low lowest none notice debug trace verbose trivial "
        "very_low cosmetic maintenance planning ok clear operational success not_classified "
        "no_severity resource_contention green niedrig niedrigste gering faible bajo "
        "baja baixa baixo bassa basso laag mineure"
    ),
}
"""Words of monitors, pagers, trackers, status pages and syslog, by what they stand for here."""

OF_LEVEL = {"0": "SEV1", "1": "SEV1", "2": "SEV2", "3": "SEV3", "4": "SEV4", "5": "SEV4"}
"""Levels count down from the worst, which some teams call 0 and some 1."""

RAISED_ON_CORE = {"SEV2": "SEV1", "SEV3": "SEV2"}
"""What a monitor's word means for a core service. A code such as SEV2 is meant as it is."""

_BY_WORD = {word: severity for severity, words in WORDS.items() for word in words.split()}
_CODE = re.compile(
    r"(?:severity|priority|prio|level|lvl|sev|p|s)[\s:_=#.-]{0,3}([0-5])(?![^\W_]|\.)"
)
_PARTS = re.compile(r"[()\[\],;|/]|(?<=[a-z]{3}) [-–—] (?!\d)")
_LEVEL = re.compile(r"([0-5])(?:\.0)?")
_WORD = re.compile(r"[^\W\d_]+")
_LABEL = re.compile(
    r"(?:severity|sev|priority|prio)[\s:/_=-]{0,3}(?P<value>[\w -]{1,40})|(?P<code>[ps][0-5])",
    re.IGNORECASE,
)
_MAX_LENGTH = 100
_GIVEN = re.compile(r"[^\W_]")
NOT_GIVEN = frozenset({"n/a", "na", "null", "undefined", "unset", "<no value>", "[no value]"})
"""What monitors write where there is no severity."""


def severity_named(word: Any) -> str | None:
    """The severity that a word of a person or of another tool stands for, or None.

    A code wins over a word, and a word over a bare number: "1 - Critical", "High (P2)".

    >>> severity_named("Major Outage"), severity_named("sev-2"), severity_named("purple")
    ('SEV1', 'SEV2', None)
    """
    text = str(word).strip().lower()[:_MAX_LENGTH]
    return _from_code(text) or _from_words(text) or _from_level(text)


def _from_code(text: str) -> str | None:
    """A code that begins the text or a part of it: "P2 - High", "critical (P1)"."""
    for part in _PARTS.split(text):
        match = _CODE.match(part.strip())
        if match:
            return OF_LEVEL[match[1]]
    return None


def _from_words(text: str) -> str | None:
    words = _WORD.findall(text)
    pairs = ["_".join(pair) for pair in itertools.pairwise(words)]
    known = [_BY_WORD[each] for each in [*pairs, *words] if each in _BY_WORD]
    return known[0] if known else None


def _from_level(text: str) -> str | None:
    match = _LEVEL.fullmatch(text)
    return OF_LEVEL[match[1]] if match else None


def severity_in_labels(labels: Iterable[str]) -> str:
    """The first label that rates: sev-2, P3, `severity: high`; "low" alone may mean anything.

    >>> severity_in_labels(["bug", "severity: high"]), severity_in_labels(["low"])
    ('severity: high', '')
    """
    return next((label for label in labels if _rates(label.strip())), "")


def _rates(label: str) -> bool:
    match = _LABEL.fullmatch(label)
    if match is None:
        return False
    return bool(match["code"] or severity_named(match["value"]) or severity_named(label))


def severity_of_alert(word: str, tier: str) -> str:
    """The severity of the incident that an alert opens, by the monitor's word and the tier.

    No word, or one that the table lacks, counts as a warning.
    """
    severity = severity_named(word) or DEFAULT
    coded = _from_code(word.strip().lower()[:_MAX_LENGTH])
    return severity if coded or tier != "core" else RAISED_ON_CORE.get(severity, severity)


def is_unknown(word: str) -> bool:
    """Whether a word is given that the table lacks."""
    given = word.strip().lower()
    return bool(_GIVEN.search(given)) and given not in NOT_GIVEN and severity_named(given) is None
