"""Errors as text."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _


def error_text(error: ValidationError | IntegrityError) -> str:
    """An error of a validation or the database as one line, with the names of fields."""
    if isinstance(error, IntegrityError):
        return f"the database rejects it: {str(error.__cause__ or error).splitlines()[0]}"
    if hasattr(error, "error_dict"):
        by_field = (f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        return "; ".join(by_field)
    return "; ".join(error.messages)


def choose_one_of(names: Iterable[str]) -> ValidationError:
    """For a value that is none of `names`."""
    return ValidationError(_("Choose one of %(names)s."), params={"names": ", ".join(names)})
