"""Template filters of the analysis pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from analysis.answers.current import first_sentence
from analysis.core.units import quantity
from analysis.presentation import reasons

register = template.Library()
LINE_KINDS = {
    "new": pgettext_lazy("line", "new"),
    "burst": gettext_lazy("burst"),
    "silent": pgettext_lazy("line", "silent"),
}
PULL_FIELDS = {
    "what": pgettext_lazy("field", "what"),
    "source": pgettext_lazy("field", "source"),
    "query": pgettext_lazy("field", "query"),
    "alert": pgettext_lazy("field", "alert"),
}
"""Fields of the form that pulls one more query."""


@register.filter
def of(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key, or None."""
    return mapping.get(key)


register.filter("first_sentence", first_sentence)
register.filter("confidence_band", reasons.confidence_band)
register.filter("likelihood", reasons.likelihood)
register.filter("named", reasons.named)
register.filter("quoted", reasons.quoted)
register.filter("shared", reasons.shared)
register.filter("written", reasons.written)


@register.filter
def measured(value: float) -> str:
    """A measured value without its unit: short, and what computing left of zero is zero."""
    return quantity(value, "")


@register.filter
def line_kind(kind: str) -> str:
    """What is unusual about a log line, in a word: new, burst or silent."""
    return str(LINE_KINDS.get(kind, kind))


@register.filter
def pull_field(name: str) -> str:
    """A field of the form that pulls one more query, before what is wrong with it."""
    return str(PULL_FIELDS.get(name, name))


@register.filter
def out_of(part: int, whole: int) -> str:
    """A part of a whole: 3 of 4."""
    return _("%(part)s of %(whole)s") % {"part": part, "whole": whole}
