"""The semantic channel as SEMANTIC_MODEL sets it up: off unless it names a model's folder."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from analysis.similarity.embedding import Embedder, UnusableModel
from analysis.similarity.semantic import reranked, text_of
from analysis.similarity.weights import Document
from incidents.models import Incident

logger = logging.getLogger(__name__)


@cache
def embedder() -> Embedder | None:
    """None without SEMANTIC_MODEL. Raises UnusableModel if packages or files are missing."""
    return Embedder(Path(settings.SEMANTIC_MODEL)) if settings.SEMANTIC_MODEL else None


def check_setting() -> None:
    """End the start of a process with a sentence rather than its first question with an error."""
    try:
        embedder()
    except UnusableModel as error:
        raise SystemExit(f"SEMANTIC_MODEL is set, but {error}; or unset it.") from error


def ordered(question: Document, likeness: Mapping[int, float]) -> list[int]:
    """Past incidents by likeness in words and, where the channel is on, by nearness in meaning.

    `likeness` is positive, by id. Ids, the most similar first.
    """
    by_words = sorted(likeness, key=lambda key: (-likeness[key], key))
    model = embedder()
    if model is None or not likeness:
        return by_words
    try:
        return reranked(model, text_of(question.text), _texts(by_words), likeness)
    except UnusableModel:
        logger.exception("Similar incidents are ordered without the semantic channel.")
        return by_words


def _texts(keys: Collection[int]) -> dict[int, str]:
    rows = Incident.objects.filter(pk__in=keys).values_list("pk", "title", "symptom")
    return {key: text_of({"title": title, "body": symptom}) for key, title, symptom in rows}
