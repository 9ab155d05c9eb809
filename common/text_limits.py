"""Limits of the texts that people and programs write into records, whichever way they come in."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.validators import MaxLengthValidator
from django.db import models

LONGEST_TEXT = 50_000
"""Characters of a field that states no limit of its own."""
LONGEST_SYMPTOM = 1_000_000
"""Of what alerts and histories of other systems say, which people do not shorten."""
_LONGER = {"incidents.incident", "incidents.timelineentry", "incidents.alert"}


def limit_texts(rows: Iterable[type[models.Model]]) -> None:
    """Let validation refuse longer texts by name of their field: in forms, by API and in rules.

    Not by `max_length`, which would be part of migrations.
    """
    for model in rows:
        label = model._meta.label_lower
        if label == "kb.postmortem" or "historical" in label:
            continue  # `kb/postmortems/editing.py` limits it, with a sentence of its own.
        limit = LONGEST_SYMPTOM if label in _LONGER else LONGEST_TEXT
        for field in model._meta.local_fields:
            if isinstance(field, models.TextField) and field.editable:
                # Of its own, Django checks `max_length` of such a field in forms only.
                field.validators.append(MaxLengthValidator(field.max_length or limit))
