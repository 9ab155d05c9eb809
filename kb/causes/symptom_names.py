"""A symptom is not a cause: names that hold nothing but symptoms are rejected with a question."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.language import Text

_WORD = re.compile(r"[a-z0-9%]+(?:'[a-z]+)?")
_FILLERS = frozenset(
    "a an and again are at by db for from got has high higher in is it its large level levels lots "
    "low lower many more most much no not of on or our problem problems issue issues rate rates "
    "server servers service services site so some spike spikes spiking system systems the there "
    "to too too under up usage used utilization very was were with all app application "
    "database databases web website page pages api requests request host hosts node nodes pod "
    "pods container containers user users customers sudden increased increase elevated average "
    "p50 p95 p99 5 10 90 95 99 100 % above over below".split()
)
QUESTIONS = {
    _(
        "What used it up: a query, a job, traffic, a change?"
    ): "cpu memory ram load io iops swap heap",
    _("What made it slow: a lock, a plan, a dependency, a change?"): (
        "slow slower slowness latency lag lagging delay delays delayed timeout timeouts hanging "
        "hangs hang degraded degradation performance"
    ),
    _("What failed first, and what changed before it did?"): (
        "down outage unavailable failing fails failed failure failures error errors 500 502 503 "
        "504 5xx 4xx broken unreachable unresponsive crash crashes crashed crashing crashloop "
        "crashloopbackoff restart restarts restarting alert alerts alerting firing unhealthy dead "
        "incident oom oomkilled exception exceptions"
    ),
}
_SYMPTOMS = {word: question for question, words in QUESTIONS.items() for word in words.split()}


def question_for(name: str) -> Text | None:
    """The question that leads to a better name; None unless it holds nothing but symptoms."""
    words = _WORD.findall(name.lower())
    significant = [word for word in words if word not in _FILLERS and not word.isdigit()]
    if not significant or any(word not in _SYMPTOMS for word in significant):
        return None
    return _SYMPTOMS[significant[0]]


def reject_symptom_name(name: str) -> None:
    """Raises ValidationError at the field `name` when it names a symptom."""
    question = question_for(name)
    if question:
        error = ValidationError(
            _("“%(name)s” is what was seen, not why. %(question)s"),
            params={"name": name.strip(), "question": question},
        )
        raise ValidationError({"name": error})
