"""The answer to an incident as everybody may read it: what it is, and when it counts as another.

`analysis` registers what finds it. What was stated last is a row, locked while a new answer is
found: however many workers and however much evidence, a change is one event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from common.registry import Registry
from incidents.events import outbox
from incidents.models import Event, Incident
from incidents.permissions import Nobody, can_see
from incidents.since_opening import SinceOpening
from kb.models import Cause, StatedAnswer

logger = logging.getLogger(__name__)

CHANGED = "incident.answer"
"""The kind of the event that says that an answer is another than before."""
CONFIDENCE_IN_WORDS = (
    (0.75, "very likely"),
    (0.5, "likely"),
    (0.25, "possible"),
    (0.0, "doubtful"),
)
"""The bands of confidence from above; the scoreboard counts hits in the same ones."""


def confidence_in_words(confidence: float) -> str:
    """The band of a probability, 0 to 1."""
    return next(word for above, word in CONFIDENCE_IN_WORDS if confidence >= above)


SAME_WITHIN = 0.1
"""Confidence may cross the edge of a band by this much: one that moves to and fro is no news."""
FIRST_ANSWERS = SinceOpening(
    "first_answers", "First answers from history, from the opening of the incident."
)


class Kind:
    CONFIRMED = "confirmed"
    """People confirmed a cause."""
    LIKELY = "likely"
    """History suggests a cause."""
    UNEXPLAINED = "unexplained"
    """Past incidents are similar, and none has a cause."""
    NEW = "new"
    """History holds nothing similar; a cause, if any, is a weak hint."""
    NO_HISTORY = "no_history"


@dataclass(frozen=True)
class Answer:
    """What history says about an incident, of what everybody may see."""

    kind: str
    cause: Cause | None = None
    confidence: float | None = None
    """calibrated probability; None where history is too small, and for weak hints"""
    shares: Sequence[str] = ()
    """what the incident has in common with what the cause is known by, in words"""
    seen_in: Sequence[Incident] = ()
    fixed_last_time: str = ""
    fixed_in: Incident | None = None
    how_to_fix: str = ""
    """from the cause's own record"""
    check_first: str = ""
    history: int = 0
    """past records that were compared"""
    vague: bool = False
    evidence_pending: bool = False
    """evidence is still being pulled: the answer is from the text alone, or from a part of it"""
    confirmed_by: str = ""

    @property
    def band(self) -> str:
        """Confidence in words; empty where there is none."""
        if self.confidence is None:
            return ""
        return confidence_in_words(self.confidence)

    @property
    def key(self) -> str:
        """Two answers of one key are the same answer. A weak hint is none."""
        if self.cause is None or self.kind not in (Kind.CONFIRMED, Kind.LIKELY):
            return self.kind
        return f"{self.kind} {self.cause.pk} {self.band}".strip()


def likely_cause(key: str) -> tuple[int, str]:
    """The cause and the confidence in words of the `Answer.key` of a likely answer.

    >>> likely_cause("likely 12 very likely")
    (12, 'very likely')
    """
    _, cause, confidence = f"{key} ".split(" ", 2)
    return int(cause), confidence.strip()


ANSWERS: Registry[Callable[[Incident], Answer]] = Registry("answers to incidents")
"""What finds the answer to an incident; the first one registered is used."""


def current_answer(incident: Incident) -> Answer | None:
    """None for an incident that not everybody may see, and where an error was logged."""
    find = next(iter(ANSWERS.values()), None)
    if find is None or not can_see(Nobody(), incident):
        return None
    try:
        # An own savepoint: a notice goes out without an answer rather than not at all.
        with transaction.atomic():
            return find(incident)
    except Exception:
        logger.exception("No answer for the notice of %s", incident.reference)
        return None


@transaction.atomic
def state_answer(incident: Incident) -> tuple[Answer | None, str]:
    """The current answer, and the key it is stated under; an event is recorded if it is another."""
    StatedAnswer.objects.get_or_create(incident=incident)
    row = StatedAnswer.objects.select_for_update().get(incident=incident)
    row.computed_at = timezone.now()
    answer = current_answer(incident)
    if answer is not None and not _is_same(row, answer):
        what = "the likely cause changed" if row.key else "first answer from history"
        if not row.key:
            FIRST_ANSWERS.observe_at(incident, row.computed_at)
        row.key, row.confidence, row.changed_at = answer.key, answer.confidence, row.computed_at
        # Without a name: who may see the cause is decided anew whenever the event is shown.
        outbox.record(CHANGED, incident, f"{incident}: {what}")
    row.save()
    return answer, row.key


def _is_same(row: StatedAnswer, answer: Answer) -> bool:
    if row.key == answer.key:
        return True
    if answer.kind != Kind.LIKELY or answer.cause is None:
        return False
    if answer.confidence is None or row.confidence is None:
        return False
    same_cause = row.key.startswith(f"{answer.kind} {answer.cause.pk} ")
    return same_cause and abs(answer.confidence - row.confidence) < SAME_WITHIN


def carries_answer(event: Event) -> bool:
    """Whether the notification of an event says what history says."""
    return event.kind in ("incident.filed", CHANGED)
