"""Reasons of a suggestion in the reader's language, for pages.

Their own texts are English: an answer may be computed for one reader and shown to others.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from analysis.suggestions.types import Reason, SuggestedCause
from common.language import Text
from kb.answers import confidence_in_words

CONFIDENCE = {
    "very likely": gettext_lazy("very likely"),
    "likely": gettext_lazy("likely"),
    "possible": gettext_lazy("possible"),
    "doubtful": gettext_lazy("doubtful"),
}
"""The bands of confidence (kb.answers)."""
WRITTEN = {
    "in a note now": gettext_lazy("in a note now"),
    "in a note then": gettext_lazy("in a note then"),
    "in the resolution now": gettext_lazy("in the resolution now"),
    "in the resolution then": gettext_lazy("in the resolution then"),
    "in an alert or log line now": gettext_lazy("in an alert or log line now"),
    "in an alert or log line then": gettext_lazy("in an alert or log line then"),
}
"""Where a word was written (analysis.suggestions.explanations)."""
IN_FIELD = "in the field "
NAMED = {
    "service": gettext_lazy("service %(name)s"),
    "alert": gettext_lazy("alert %(name)s"),
    "metric": gettext_lazy("metric off: %(name)s"),
    "template": gettext_lazy("log line: %(name)s"),
    "line": pgettext_lazy("logs", "log line"),
}
"""By kind; "line" is a template whose text is not known."""
SHARED = {
    "service": gettext_lazy("same service %(name)s"),
    "alert": gettext_lazy("same alert %(name)s"),
    "metric": gettext_lazy("same metric off: %(name)s"),
    "template": gettext_lazy("same log line: %(name)s"),
    "line": gettext_lazy("same log line"),
}
"""The same, of two incidents."""


def confidence_band(confidence: float) -> str:
    """The band of a probability, 0 to 1: likely."""
    return str(CONFIDENCE[confidence_in_words(confidence)])


def likelihood(suggestion: SuggestedCause) -> str:
    """How sure a suggestion is, in a word and a number: likely, 62 %."""
    if suggestion.confidence is None:
        return _("%(percent)s similar") % {"percent": f"{suggestion.likeness * 100:.0f} %"}
    return f"{confidence_band(suggestion.confidence)}, {suggestion.confidence * 100:.0f} %"


def _said(texts: Mapping[str, Text], reason: Reason) -> str:
    """The text of the reason's kind with its name; empty for a word, which has none."""
    kind = "line" if reason.kind == "template" and not reason.name else reason.kind
    return str(texts[kind]) % {"name": reason.name} if kind in texts else ""


def named(reason: Reason) -> str:
    """What a reason names, with its kind: service checkout."""
    return _said(NAMED, reason) or reason.text


def quoted(reason: Reason) -> str:
    """As `named`, but for a word, which is in quotes: “timeout”."""
    if reason.kind == "word":
        return _("“%(text)s”") % {"text": reason.text}
    return named(reason)


def shared(reason: Reason) -> str:
    """What two incidents share: “timeout”, or same service checkout."""
    return _said(SHARED, reason) or quoted(reason)


def written(reason: Reason) -> str:
    """Where a word was written, if not in title or symptom: in a note now."""
    return ", ".join(_place(part) for part in reason.written.split(", "))


def _place(written: str) -> str:
    """Where and when a word was written: in a note now, in the field Customer then."""
    if not written.startswith(IN_FIELD):
        return str(WRITTEN.get(written, written))
    name, _space, when = written.removeprefix(IN_FIELD).rpartition(" ")
    text = _("in the field %(name)s now") if when == "now" else _("in the field %(name)s then")
    return text % {"name": name}
