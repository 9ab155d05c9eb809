"""The optional semantic channel: what is near in meaning moves up among what was found by words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.similarity.embedding import Embedder

SEMANTIC = 0.5
"""What the nearest in meaning gains, where the best by words has a score of 1. Half as much and
twice as much gain too: docs/similarity.md."""
RERANKED = 100
"""So many of what was found by words are compared."""


def text_of(written: Mapping[str, str]) -> str:
    """Title and body of a document's texts as one; what was written aside is left out."""
    return ". ".join(filter(None, (written.get("title"), written.get("body"))))


def nearness(embedder: Embedder, question: str, texts: Mapping[int, str]) -> dict[int, float]:
    """How near each text is to the question in meaning: 1 for the nearest, 0 for the farthest.

    As shares of the range of cosines, because some models give all texts cosines above 0.7.
    """
    if not texts:
        return {}
    question_vector, *vectors = embedder.embed([question, *texts.values()])
    cosines = np.array(vectors) @ question_vector
    shares = (cosines - cosines.min()) / max(float(np.ptp(cosines)), 1e-6)
    return {key: float(share) for key, share in zip(texts, shares, strict=True)}


def reranked(
    embedder: Embedder, question: str, texts: Mapping[int, str], scores: Mapping[int, float]
) -> list[int]:
    """The keys of `scores`, which are positive, by score and nearness in meaning, best first.

    A key without a text counts by its score alone.
    """
    near = nearness(embedder, question, {key: texts[key] for key in scores if key in texts})
    best = max(scores.values(), default=1.0)
    return sorted(
        scores, key=lambda key: (-scores[key] / best - SEMANTIC * near.get(key, 0.0), key)
    )
