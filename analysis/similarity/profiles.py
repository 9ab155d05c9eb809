"""The document of a cause: all that is known of it, its own text and its past incidents."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.similarity.weights import ASIDE, TERM_WEIGHTS, Document

PROFILED = 50
"""Past incidents that are part of a profile, the newest ones."""


def profile(cause: Document, incidents: Iterable[Document]) -> Document:
    """`cause`, a document of its own text, with the words and ready terms of its past incidents.

    Comparing with all that is known of a class is Rocchio's idea ("Relevance feedback in
    information retrieval", 1971): strangers' words are met by the words of any of its incidents.
    """
    past = list(incidents)[:PROFILED]
    body = [cause.text.get("body", "")]
    for incident in past:
        body += [incident.text.get(part, "") for part in ("title", "body", *ASIDE)]
    terms = {
        name: sorted({value for incident in past for value in incident.terms.get(name, ())})
        for name in TERM_WEIGHTS
    }
    text = {"title": cause.text.get("title", ""), "body": "\n".join(filter(None, body))}
    return Document(cause.key, text, terms)
