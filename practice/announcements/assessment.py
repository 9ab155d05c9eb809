"""What an announcement is met with: history of its neighbours, and questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from common.viewer import Viewer
from incidents.models import Service
from kb.models import Cause, CauseLink
from kb.permissions import visible_links
from practice.models import Announcement, Checklist, ChecklistItem, ReadinessAnswer

PERIOD = timedelta(days=730)
MOST_LINES = 12
FEWEST_FOR_A_QUESTION = 2
"""Incidents of a cause from which it becomes a question."""


@dataclass(frozen=True)
class PastCause:
    """How often a cause was confirmed in incidents of a neighbour."""

    service: Service
    cause: Cause
    incidents: int
    last: datetime

    @property
    def in_words(self) -> str:
        sentence = ngettext(
            "%(service)s had an incident of “%(cause)s” on %(day)s",
            "%(service)s had %(n)s incidents of “%(cause)s”, the last on %(day)s",
            self.incidents,
        )
        return sentence % {
            "service": self.service,
            "cause": self.cause,
            "n": self.incidents,
            "day": f"{self.last:%Y-%m-%d}",
        }


@dataclass(frozen=True)
class Question:
    """What a team is to answer. `why` says where it comes from, `answer` what is known of it."""

    text: str
    why: str
    answer: ReadinessAnswer | None = None
    past: PastCause | None = None


def neighbours(announcement: Announcement) -> QuerySet[Service]:
    """Its service, what it will call and calls, and what those call."""
    keys = set(announcement.depends_on.values_list("pk", flat=True))
    if announcement.service is not None:
        own = announcement.service
        keys |= {own.pk, *own.depends_on.values_list("pk", flat=True)}
    called = Service.objects.filter(needed_by__in=keys).values_list("pk", flat=True)
    return Service.objects.filter(pk__in=keys | set(called))


def past_causes(announcement: Announcement, user: Viewer) -> list[PastCause]:
    """Confirmed causes of its neighbours' incidents that `user` may see, most frequent first."""
    visible = visible_links(user).filter(
        state=CauseLink.State.CONFIRMED,
        role__in=[CauseLink.Role.ROOT, CauseLink.Role.CONTRIBUTING],
        incident__impact_started_at__gte=timezone.now() - PERIOD,
        incident__merged_into=None,
    )
    # The permission may join services, too: outside of it there is one join of them alone.
    links = CauseLink.objects.filter(
        pk__in=visible.values("pk"), incident__services__in=neighbours(announcement)
    )
    counted = (
        links.values("incident__services", "cause")
        .annotate(n=Count("incident", distinct=True), last=Max("incident__impact_started_at"))
        .order_by("-n", "-last", "cause")[:MOST_LINES]
    )
    rows = list(counted)
    services = Service.objects.in_bulk([row["incident__services"] for row in rows])
    causes = Cause.objects.in_bulk([row["cause"] for row in rows])
    return [
        PastCause(services[row["incident__services"]], causes[row["cause"]], row["n"], row["last"])
        for row in rows
    ]


def questions(announcement: Announcement, past: Sequence[PastCause]) -> list[Question]:
    """Those of history, then those of the tier's checklist that people answer.

    What a review of the service has answered is shown with them.
    """
    causes: set[int] = set()
    found: list[Question] = []
    for line in past:
        if line.incidents >= FEWEST_FOR_A_QUESTION and line.cause.pk not in causes:
            causes.add(line.cause.pk)
            text = gettext("What prevents “%(cause)s” this time?") % {"cause": line.cause}
            found.append(Question(text, line.in_words, past=line))
    answers = _answers(announcement)
    for item in _items(announcement):
        found.append(Question(item.question, item.section, answers.get(item.question)))
    return found


def _items(announcement: Announcement) -> list[ChecklistItem]:
    checklist = Checklist.objects.filter(tier=announcement.tier).order_by("-version").first()
    return list(checklist.items.filter(auto="")) if checklist else []


def _answers(announcement: Announcement) -> dict[str, ReadinessAnswer]:
    """By question, of the newest review of its service."""
    if announcement.service is None:
        return {}
    review = announcement.service.reviews.first()
    rows = review.answers.select_related("item", "author") if review else []
    return {answer.item.question: answer for answer in rows}
