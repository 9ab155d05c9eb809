"""Log lines to templates: what the program wrote, without what differs from line to line.

The id of a template is a digest of the masked line and of nothing else. So the same line has the
same id in every process, after every restart and on every host, and ids can be stored in the
similarity index. No system needs rules of its own: the masks know shapes (numbers, addresses,
paths, host names, dates, sizes), not products.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

WILDCARD = "<*>"
MAX_LINE = 2000
"""Characters of a line that are read; the rest never decides which template it is."""
_DATE_WORDS = {
    *"mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday".split(),
    *"jan feb mar apr jun jul aug sep oct nov dec january february march april june july".split(),
    *"august september october november december utc gmt am pm".split(),
}
_UNITS = {
    *"b kb mb gb tb pb kib mib gib tib bytes byte ns us ms s sec secs second seconds".split(),
    *"min mins minute minutes hour hours day days".split(),
}
_NAMES_NEXT = {"user", "username", "login", "host", "hostname"}
"""Words that precede a name: the word after them differs from line to line."""
_NOT_NAMES = {
    "is",
    "was",
    "not",
    "unknown",
    "has",
    "request",
    "by",
    "for",
    "from",
    "name",
    "logged",
}
_LEADING = re.compile(r"^[^\w/<.\-*$~]*")
_TRAILING = re.compile(r"[^\w/>*%]*$")
_HOST = re.compile(r"^(?:[a-z0-9_-]+\.){2,}[a-z]{2,}\.?$|^[a-z0-9-]+\.(?:com|net|org|io|local)$")
_DIGIT = re.compile(r"\d")
_LONG_HEX = re.compile(r"^(?=.*\d)?[0-9a-f]{8,}$")
_REPEATED_WILDCARDS = re.compile(r"(?:<\*>[\s,;:]*){2,}<\*>")


@lru_cache(maxsize=100_000)
def _mask_word(word: str) -> str:
    """One whitespace-separated word with its variable part replaced."""
    if word == "()":
        return f"({WILDCARD})"
    start = _LEADING.match(word).end()  # type: ignore[union-attr]  # matches the empty string too
    end = max(start, _TRAILING.search(word).start())  # type: ignore[union-attr]
    core = word[start:end]
    if not core:
        return word
    before, after = word[:start], word[end:]
    if "=" in core:
        key, value = core.split("=", 1)
        if key and not _DIGIT.search(key):
            return f"{before}{key}={WILDCARD if value else ''}{after}"
    low = core.lower()
    if (
        _DIGIT.search(core)
        or (core.count("/") > 0 and len(core) > 1 and not core.endswith("/a"))
        or _HOST.match(low)
        or _LONG_HEX.match(low)
        or low in _DATE_WORDS
    ):
        return before + WILDCARD + after
    return word


def mask(line: str) -> str:
    """The template of one line.

    >>> mask("Accepted password for user anna from 10.0.0.7 port 51022")
    'Accepted password for user <*> from <*> port <*>'
    """
    words = line[:MAX_LINE].split()
    out: list[str] = []
    previous = ""
    for word in words:
        masked = _mask_word(word)
        bare = word.strip(",;:.()[]{}'\"").lower()
        if WILDCARD not in masked:
            if bare in _UNITS and out and out[-1].endswith(WILDCARD):
                # "12 KB" and "3 MB" are one value; what follows the unit stays.
                out[-1] += word[len(word.rstrip(",;:.)]}'\"")) :]
                previous = bare
                continue
            if (
                previous in _NAMES_NEXT
                and bare not in _NOT_NAMES
                and bare.replace("_", "").isalnum()
            ):
                masked = word.replace(word.strip(",;:.()[]{}'\""), WILDCARD, 1)
                bare = ""
        out.append(masked)
        previous = bare
    return _REPEATED_WILDCARDS.sub(f"{WILDCARD} {WILDCARD}", " ".join(out))


def template_id(template: str) -> str:
    """A stable id: 12 hexadecimal digits of SHA-1, used as a name, not as protection."""
    return hashlib.sha1(template.encode(), usedforsecurity=False).hexdigest()[:12]


@dataclass(frozen=True)
class TemplateCount:
    """How often one template occurred before and after a moment."""

    id: str
    template: str
    before: int
    after: int
    first_after: float
    """Epoch seconds of the first line at or after the moment; nan when there is none."""
    example: str
    last: float = float("nan")
    """Epoch seconds of the last line of all."""


@dataclass(frozen=True)
class TemplateFinding:
    """A template that is `new`, a `burst` or fell `silent`; `score` orders them.

    `since` is when that began: the first line after the moment, or the last one before silence.
    """

    kind: str
    count: TemplateCount
    ratio: float
    score: float

    @property
    def since(self) -> float:
        return self.count.last if self.kind == "silent" else self.count.first_after


_ERROR_WORDS = re.compile(
    r"\b(?:error|fail|failed|failure|fatal|panic|exception|timeout|timed out|refused|denied|"
    r"killed|oom|out of memory|expired|exceeded|exhausted|deadlock|full|unavailable|reset|"
    r"unreachable|corrupt|crash|backoff|evict|slow|duration|lag)",
    re.IGNORECASE,
)
MIN_EXPECTED = 12.0
"""Lines that must have been expected before their absence means anything."""
SILENCE_WEIGHT = 0.8
"""What a template that fell silent counts, where a new one counts 1."""


def count_templates(lines: Iterable[tuple[float, str]], moment: float) -> list[TemplateCount]:
    """Count templates before and from `moment` (epoch seconds) on, as they first occur."""
    seen: dict[str, list[float | str]] = {}
    for at, line in lines:
        template = mask(line)
        row = seen.setdefault(template, [0, 0, float("nan"), line, at])
        row[4] = max(float(row[4]), at)
        if at < moment:
            row[0] = float(row[0]) + 1
        else:
            row[1] = float(row[1]) + 1
            if not float(row[2]) <= at:
                row[2], row[3] = at, line
    return [
        TemplateCount(
            template_id(template),
            template,
            int(row[0]),
            int(row[1]),
            float(row[2]),
            str(row[3]),
            float(row[4]),
        )
        for template, row in seen.items()
    ]


def error_shares(counts: Sequence[TemplateCount]) -> tuple[float, float] | None:
    """The shares of lines that report errors before and after, when they clearly rose.

    Clearly: the lower bound (two standard errors of a proportion) of the later share is above
    three times the earlier one. None otherwise, or with too few lines to know.
    """
    before = sum(count.before for count in counts)
    after = sum(count.after for count in counts)
    if before < MIN_EXPECTED or after < MIN_EXPECTED:
        return None
    errors = [count for count in counts if _ERROR_WORDS.search(count.template)]
    then = sum(count.before for count in errors) / before
    now = sum(count.after for count in errors) / after
    margin = 2 * math.sqrt(now * (1 - now) / after)
    return (then, now) if now - margin > 3 * then + 0.02 else None


def unusual_templates(
    counts: Sequence[TemplateCount], before_seconds: float, after_seconds: float, most: int = 8
) -> list[TemplateFinding]:
    """Templates that appeared, burst or fell silent after the moment, strongest first.

    A burst is a count whose lower bound by the Poisson rule of thumb (n - 2·√n) is above three
    times what the rate before lets one expect; silence is a count whose upper bound is below a
    third of it, where enough was expected. `before_seconds` and `after_seconds` are the
    lengths of the two parts of the window.
    """
    if after_seconds <= 0:
        return []
    findings = []
    for count in counts:
        expected = count.before * after_seconds / max(before_seconds, 1.0)
        if expected >= MIN_EXPECTED and count.after + 2 * count.after**0.5 < expected / 3:
            score = SILENCE_WEIGHT * float(np.log1p(expected - count.after))
            findings.append(TemplateFinding("silent", count, count.after / expected, score))
        if not count.after:
            continue
        weight = 2.0 if _ERROR_WORDS.search(count.template) else 1.0
        if count.before == 0:
            score = weight * (1 + float(np.log1p(count.after)))
            findings.append(TemplateFinding("new", count, float("inf"), score))
            continue
        if count.after - 2 * count.after**0.5 > 3 * expected + 2:
            ratio = count.after / max(expected, 1e-9)
            findings.append(TemplateFinding("burst", count, ratio, weight * float(np.log(ratio))))
    findings.sort(key=lambda finding: (-finding.score, finding.count.id))
    return findings[:most]
