"""Template filters of the analysis pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from analysis.answers.current import first_sentence
from analysis.core.units import quantity
from analysis.suggestions.types import SuggestedCause
from kb.answers import confidence_in_words

register = template.Library()


@register.filter
def of(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key, or None."""
    return mapping.get(key)


register.filter("first_sentence", first_sentence)


@register.filter
def measured(value: float) -> str:
    """A measured value without its unit: short, and what computing left of zero is zero."""
    return quantity(value, "")


@register.filter
def likelihood(suggestion: SuggestedCause) -> str:
    """How sure a suggestion is, in a word and a number: likely, 62 %."""
    if suggestion.confidence is None:
        return f"{suggestion.likeness * 100:.0f} % similar"
    return f"{confidence_in_words(suggestion.confidence)}, {suggestion.confidence * 100:.0f} %"
