"""Hints for blameless writing: phrases that blame a person, and questions that lead further."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from common.language import Text

_PHRASES = (
    (r"human error", _("What made the mistake easy to make, and what let it through?")),
    (r"(?:was|were|been|is) careless|carelessness|negligen\w+|sloppy|stupid\w*|incompeten\w+|lazy",
     _("Describe what happened and what the person could see at that moment.")),
    (r"should(?:n't| not)? have (?:known|checked|noticed|seen|tested|realis\w+|realiz\w+)",
     _("What would have made it visible at the time?")),
    (r"forgot to|neglected to|failed to (?:check|notice|test|tell|follow|read)|"
     r"did(?:n't| not) bother",
     _("What could remind of it, or do it by itself?")),
    (r"(?:to blame|blame[sd]? (?:on|for)?|at fault|'s fault|whose fault|culprit|guilty)",
     _("Name the condition that allowed it, not the person.")),
    (r"(?:he|she|the (?:engineer|developer|operator|admin|intern|contractor)) (?:broke|ignored|"
     r"disregarded|messed up|screwed up)",
     _("Say what was done and why it seemed right then.")),
    (r"(?:obviously|clearly|simply|just) (?:wrong|should|had to|needed to)|common sense",
     _("It was not obvious at the time: what was known then?")),
)  # fmt: skip
_HINTS = [(re.compile(rf"\b(?:{phrase})", re.IGNORECASE), hint) for phrase, hint in _PHRASES]
MAX_HINTS = 20


@dataclass(frozen=True)
class Hint:
    """A phrase of the text, its line (from 1) and a better question."""

    line: int
    phrase: str
    question: Text


def hints_for(text: str) -> list[Hint]:
    """At most MAX_HINTS hints, in the order of the text. Quoted lines and code are skipped."""
    hints: list[Hint] = []
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced or line.lstrip().startswith(">"):
            continue
        for pattern, question in _HINTS:
            for match in pattern.finditer(line[:5000]):
                hints.append(Hint(number, match[0], question))
                if len(hints) == MAX_HINTS:
                    return hints
    return hints
