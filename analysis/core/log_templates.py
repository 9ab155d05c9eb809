"""Log lines to templates: what the program wrote, without what differs from line to line.

The id of a template is a digest of the masked line and of nothing else. So the same line has the
same id in every process, after every restart and on every host, and ids can be stored in the
similarity index. Among many lines, templates that differ in nothing but one word with many values
are one template, and its id is again a digest of its text.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.core.log_words import ACCOUNT, NAME_NEXT, UNIT, WILDCARD, MaskedWords

MAX_LINE = 2000
"""Characters of a line that are read; the rest never decides which template it is."""
MANY_VALUES = 8
"""Different words at one position of otherwise equal templates that make it a value."""
_DEEPEST_OBJECT = 5
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_NOT_NAMES = "is|was|not|unknown|has|request|by|for|from|name|logged"
_OBJECT = re.compile(r"(?<=\w)\{[^{}]*\}")
_QUOTED_VALUE = re.compile(r'="[^"]*"')
_BRACKETED_LIST = re.compile(r"\[[^][,]*,[^][]*\]")
_NAME = re.compile(rf"\x02 \x03?(?!(?i:{_NOT_NAMES})\b)\w+\x02?")
_QUOTED_NAME = re.compile(rf"\x02 ([^\w\s<])\x03?(?!(?i:{_NOT_NAMES})\b)\w+\x02?")
_ACCOUNT_NAME = re.compile(r"\x03(?:(?<=\bfor \x03)|(?<=\b(?:by|as|of) \x03))[\w-]+")
_UNIT = re.compile(r"(?<=<\*>) \x01[A-Za-z]+")
_SPACED_VALUE = re.compile(r"= (?<=[\w ]= )[^\s,;=<]+(?=[\s,;]|$)")
_MANY_WILDCARDS = re.compile(r"<\*>(?:[ ,;:]+<\*>){2,}")
_WILDCARDS = re.compile(r"<\*>(?:[ ,;:]+<\*>)+")
_CYCLE = re.compile(r"(<\*> [^ ]++)(?>(?: \1)+)(?= |$)")
_masked_word = MaskedWords().__getitem__


def _without_frames(text: str) -> str:
    """The first line of a stack trace and its causes; how deep the stack was differs."""
    first, *rest = text.split("\n")
    return " ".join([first, *(line for line in rest if line and not line[0].isspace())])


def _without_structures(line: str) -> str:
    """Objects such as `Token{a1 {b2}}`, quoted values and lists replaced by one word each."""
    if "{" in line and line[0] != "{":
        # A digit, so that the name in front of the object is part of the value.
        for _ in range(_DEEPEST_OBJECT):
            inner, line = line, _OBJECT.sub("0", line)
            if inner == line:
                break
    if '="' in line:
        line = _QUOTED_VALUE.sub(f"={WILDCARD}", line)
    if "[" in line and "," in line:
        line = _BRACKETED_LIST.sub("[0]", line)
    return line


def mask(line: str) -> str:
    """The template of one line.

    >>> mask("Accepted password for user anna from 10.0.0.7 port 51022")
    'Accepted password for user <*> from <*> port <*>'
    """
    line = line[:MAX_LINE]
    if "\n" in line:
        line = _without_frames(line)
    # Which digits does not matter, and words are remembered better without.
    raw = line.encode(errors="replace").translate(_DIGITS_ALIKE)
    line = _without_structures(raw.decode())
    out = " ".join(map(_masked_word, line.split()))
    if NAME_NEXT in out:
        out = _NAME.sub(f" {WILDCARD}", out)
        if NAME_NEXT in out:
            out = _QUOTED_NAME.sub(rf" \1{WILDCARD}", out).replace(NAME_NEXT, "")
    if ACCOUNT in out:
        out = _ACCOUNT_NAME.sub(WILDCARD, out).replace(ACCOUNT, "")
    if UNIT in out:
        # "12 KB" and "3 MB" are one value; what follows the unit stays.
        out = _UNIT.sub("", out).replace(UNIT, "")
    if "= " in out:
        out = _SPACED_VALUE.sub(f"= {WILDCARD}", out)
    if "*> <" in out or "*>, <" in out:
        out = _MANY_WILDCARDS.sub(f"{WILDCARD} {WILDCARD}", out)
    return out


def _shape(template: str) -> str:
    """A template without how many values a list in it has, such as `a=<*> ok <*> ok`."""
    return _CYCLE.sub(r"\1", _WILDCARDS.sub(WILDCARD, template))


def _opened(template: str) -> Iterator[tuple[int, str]]:
    """Each position after the first, and the template with a wildcard there.

    The first word names what happened and is no value.
    """
    words = template.split(" ")
    for position in range(1, len(words)):
        if WILDCARD not in words[position]:
            yield position, " ".join([*words[:position], WILDCARD, *words[position + 1 :]])


def merged(templates: Iterable[str]) -> dict[str, str]:
    """The template that each one belongs to when those of one shape are one.

    Of one shape are templates that differ in how many values a list has, or in one word that has
    at least `MANY_VALUES` values. A template that is alone stays as it is.
    """
    by_shape: dict[str, list[str]] = defaultdict(list)
    for template in dict.fromkeys(templates):
        by_shape[_shape(template)].append(template)
    result: dict[str, str] = {}
    by_opening: dict[tuple[int, str], list[str]] = defaultdict(list)
    for shape, members in by_shape.items():
        chosen = shape if len(members) > 1 else members[0]
        result.update(dict.fromkeys(members, chosen))
        for opened in _opened(chosen):
            by_opening[opened].append(chosen)
    wider: dict[str, str] = {}
    for (_, opened_template), members in sorted(by_opening.items(), key=lambda each: -len(each[1])):
        if len(members) >= MANY_VALUES:
            for member in members:
                wider.setdefault(member, opened_template)
    return {template: wider.get(chosen, chosen) for template, chosen in result.items()}


def possible_templates(line: str) -> list[str]:
    """The template of a line, and those that it would have been merged into among others."""
    template = mask(line)
    shape = _shape(template)
    wider = (opened for each in (template, shape) for _, opened in _opened(each))
    return list(dict.fromkeys([template, shape, *wider]))


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


def reports_error(template: str) -> bool:
    """Whether its words are those of errors."""
    return bool(_ERROR_WORDS.search(template))


MIN_EXPECTED = 12.0
"""Lines that must have been expected before their absence means anything."""
SILENCE_WEIGHT = 0.8
"""What a template that fell silent counts, where a new one counts 1."""


def count_templates(lines: Iterable[tuple[float, str]], moment: float) -> list[TemplateCount]:
    """Count templates before and from `moment` (epoch seconds) on, as they first occur."""
    masked = [(at, line, mask(line)) for at, line in lines]
    chosen = merged(template for _, _, template in masked)
    seen: dict[str, list[float | str]] = {}
    for at, line, single in masked:
        row = seen.setdefault(chosen[single], [0, 0, float("nan"), line, at])
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
