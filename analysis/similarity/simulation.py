"""Questions with a known answer, made from past incidents: what the calibration learns from.

Each past incident is put as a question while it is left out of history: as it was written and in
the ways strangers write. Then once more with its causes left out of history altogether: what a new
kind of failure looks like. And questions of a few common words, which nothing can answer.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.similarity.index import Index
from analysis.similarity.profiles import profile
from analysis.similarity.ranking import features, measured, rank, recall
from analysis.similarity.text import STOP_WORDS, tokenise
from analysis.similarity.votes import Ballot, Link
from analysis.similarity.weights import FROM_PEOPLE, Document

MAX_SIMULATED = 400
"""Past incidents that questions are made from, the newest ones."""
KNOWN, UNSEEN, VAGUE = "known", "unseen", "vague"
_LOST, _LOST_OF_ANY = 0.5, 0.2
"""How many of the words that lead to the cause a stranger does not use, and of the others."""
_COMMON_SHARE, _FEWEST_CAUSES = 0.1, 3
"""A common word occurs with at least this share of all causes."""
_LONGEST_VAGUE = 3
_LOWERCASE = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class HistoricIncident:
    """A past incident with its cause links; histories are in the order of time."""

    document: Document
    links: Sequence[Link] = ()
    days: float = 0.0
    """when it began, in days since any fixed day"""

    @property
    def causes(self) -> set[int]:
        return {link.cause for link in self.links if link.state == "confirmed"}


@dataclass(frozen=True)
class SimulatedAnswer:
    """What is suggested for a question whose answer is known."""

    kind: str
    """KNOWN, UNSEEN or VAGUE"""
    original: bool
    """whether it was put as it was written"""
    group: int
    """the cause it was made from; judging leaves out a whole group"""
    ballots: list[Ballot] = field(default_factory=list)
    causes: frozenset[int] = frozenset()
    """the right ones; empty where nothing is right"""

    @property
    def rank(self) -> int | None:
        """Rank of the first right cause, counted from 1."""
        ranks = (n for n, ballot in enumerate(self.ballots, 1) if ballot.cause in self.causes)
        return next(ranks, None)

    def features(self, position: int = 0) -> NDArray[np.float64]:
        return features(self.ballots, position)


class History:
    """Past incidents and causes in an index from which some can be left out for a while."""

    def __init__(
        self, incidents: Sequence[HistoricIncident], causes: Mapping[int, Document]
    ) -> None:
        self.incidents = list(incidents)
        self._causes = dict(causes)
        self._with_cause: dict[int, list[HistoricIncident]] = defaultdict(list)
        for incident in reversed(self.incidents):
            for cause in incident.causes:
                self._with_cause[cause].append(incident)
        self._links = {each.document.key: each.links for each in self.incidents}
        self._days = {each.document.key: each.days for each in self.incidents}
        self._profiles = {key: self._profile(key) for key in self._causes}
        documents = [incident.document for incident in self.incidents]
        self.index = Index([*documents, *self._profiles.values()])

    def _profile(self, cause: int, besides: int | None = None) -> Document:
        past = (each.document for each in self._with_cause[cause])
        return profile(self._causes[cause], [each for each in past if each.key != besides])

    def answer(
        self, document: Document, days: float | None = None, exclude: set[int] | None = None
    ) -> list[Ballot]:
        """The causes suggested for `document`, best first; all of history counts without `days`."""
        recalled = recall(self.index, self.index.query(document), exclude or ())
        links = [link for hit in recalled.incidents for link in self._links.get(hit.key, ())]
        # What came later counts like what came as long before: history is small.
        ages = (
            {} if days is None else {key: abs(days - self._days[key]) for key in recalled.likeness}
        )
        return measured(rank(recalled, links, ages), recalled.query, self.index.stored)

    def profiles_without(self, incident: HistoricIncident) -> dict[int, Document]:
        """The profiles of its causes, had it not happened."""
        causes = incident.causes & self._causes.keys()
        return {cause: self._profile(cause, besides=incident.document.key) for cause in causes}

    def without(
        self,
        incident: HistoricIncident,
        profiles: Mapping[int, Document],
        questions: Sequence[Document],
    ) -> tuple[list[list[Ballot]], list[list[Ballot]]]:
        """Answers as if `incident` were new, and as if none had ever had its causes.

        `profiles` are those of its causes without it.
        """
        own = incident.document.key
        for each in profiles.values():
            self.index.add(each)
        known = [self.answer(each, incident.days, {own}) for each in questions]
        same = {
            other.document.key for cause in incident.causes for other in self._with_cause[cause]
        }
        for cause in profiles:
            self.index.remove(-cause)
        unseen = [self.answer(each, incident.days, {own} | same) for each in questions]
        for cause in profiles:
            self.index.add(self._profiles[cause])
        unseen = [[b for b in each if b.cause not in incident.causes] for each in unseen]
        return known, unseen

    def common_words(self) -> list[str]:
        """Words that occur with many causes, in alphabetical order."""
        causes_of: dict[str, set[int]] = defaultdict(set)
        for cause, incidents in self._with_cause.items():
            for incident in incidents:
                for text in incident.document.text.values():
                    for word in _LOWERCASE.findall(text.lower()):
                        causes_of[word].add(cause)
        fewest = max(_FEWEST_CAUSES, _COMMON_SHARE * len(self._with_cause))
        return sorted(
            word
            for word, causes in causes_of.items()
            if len(causes) >= fewest and word not in STOP_WORDS
        )


def simulate(
    incidents: Sequence[HistoricIncident], causes: Mapping[int, Document], seed: int = 1
) -> list[SimulatedAnswer]:
    """Answers to questions made from a history. `causes` maps ids to documents of their own text.

    The key of a cause's document is minus its id. The same history gives the same answers.
    """
    history, chance = History(incidents, causes), random.Random(seed)
    taught = [each for each in history.incidents if each.causes][-MAX_SIMULATED:]
    answers: list[SimulatedAnswer] = []
    for incident in taught:
        profiles = history.profiles_without(incident)
        questions = list(_reworded(incident, _terms_of(profiles.values()), chance))
        known, unseen = history.without(incident, profiles, questions)
        right, group = frozenset(incident.causes), min(incident.causes)
        for number, ballots in enumerate(known):
            answers.append(SimulatedAnswer(KNOWN, number == 0, group, ballots, right))
        for number, ballots in enumerate(unseen):
            answers.append(SimulatedAnswer(UNSEEN, number == 0, group, ballots))
    for number, question in enumerate(_vague(history, len(taught), chance)):
        group = min(taught[number].causes)
        answers.append(SimulatedAnswer(VAGUE, False, group, history.answer(question)))
    return answers


def _reworded(
    incident: HistoricIncident, leading: set[str], chance: random.Random
) -> Iterator[Document]:
    """As it was filed, shortened to its title, without services, and in other words."""
    document = as_new(incident.document)
    title = {"title": document.text.get("title", "")}
    without_service = {**document.terms, "service": ()}
    other_words = {
        part: _in_other_words(text, leading, chance) for part, text in document.text.items()
    }
    yield document
    yield replace(document, text=title)
    yield replace(document, terms=without_service)
    yield replace(document, text=other_words)
    yield replace(document, text=other_words, terms=without_service)


def as_new(document: Document) -> Document:
    """An incident as it was before anybody worked on it."""
    text = {part: text for part, text in document.text.items() if part not in FROM_PEOPLE}
    return replace(document, text=text)


def _terms_of(documents: Iterable[Document]) -> set[str]:
    return {term for each in documents for text in each.text.values() for term in tokenise(text)}


def _in_other_words(text: str, leading: set[str], chance: random.Random) -> str:
    """`text` without some words: rather those that lead to the cause, as a stranger has others."""
    return " ".join(
        word
        for word in text.split()
        if chance.random() > (_LOST if leading.intersection(tokenise(word)) else _LOST_OF_ANY)
    )


def _vague(history: History, count: int, chance: random.Random) -> Iterator[Document]:
    """Questions of a few common words, every other one with a service."""
    words = history.common_words()
    terms = (each.document.terms for each in history.incidents)
    services = sorted({service for each in terms for service in each.get("service", ())})
    for number in range(count if words else 0):
        some = chance.sample(words, min(len(words), chance.randint(1, _LONGEST_VAGUE)))
        service = [chance.choice(services)] if services and number % 2 else []
        yield Document(0, {"title": " ".join(some)}, {"service": service})
