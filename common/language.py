"""The language of who reads a page. Everything else that the product writes is in English."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils import translation

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Promise
else:
    from django.utils.functional import Promise

ENGLISH = "en"
Text = str | Promise
"""Words that are shown, or what becomes words in the language that is active then."""


def language_of(request: HttpRequest | None) -> str:
    """The language that pages of this request are rendered in, such as "de"."""
    return getattr(request, "LANGUAGE_CODE", ENGLISH)


def in_language_of(request: HttpRequest | None) -> AbstractContextManager[None]:
    """Within it texts are in the reader's language, also while an act runs."""
    return translation.override(language_of(request))


@contextmanager
def in_english() -> Iterator[None]:
    """For what a page offers as a file: it is the same for every reader. Also a decorator."""
    # Django's `override` is a decorator too, but threads would share what it restores.
    with translation.override(ENGLISH):
        yield


def in_sentence(label: Text) -> str:
    """A label within a sentence: without its capital, which German nouns have there, too."""
    return str(label) if translation.get_language() == "de" else str(label).lower()
