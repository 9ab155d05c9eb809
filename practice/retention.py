"""How long records of the practice are stored (docs/retention.md)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.retention import HISTORY_DAYS, KINDS, Kind, Limits, delete_history, delete_some
from practice import models as tables
from practice.models import Engagement, ReadinessAnswer, Slo, SloDay, Verdict

HISTORY = (
    Engagement.history.model, Verdict.history.model, ReadinessAnswer.history.model,
    Slo.history.model,
)  # fmt: skip


def _days(limits: Limits, most: int) -> int:
    before = limits.before()
    return delete_some(SloDay.objects.filter(day__lt=before.date()), most) if before else 0


def _history(limits: Limits, most: int) -> int:
    return delete_history(HISTORY, limits.before(), most)


def register_kinds() -> None:
    for name, kind in {
        "slo-days": Kind(
            _("Event counts of objectives"),
            (SloDay,),
            _(
                "Deleted {days} after their day. Windows of a year need 366 days, and their trend "
                "as many again."
            ),
            "day",
            "SLO_RETENTION_DAYS",
            800,
            delete=_days,
        ),
        "history-of-practice": Kind(
            _("Former versions of objectives, phases, verdicts and answers"),
            HISTORY,
            _("Deleted {days} after they were written; the newest of each record stays."),
            "history_date",
            "HISTORY_RETENTION_DAYS",
            HISTORY_DAYS,
            delete=_history,
        ),
        "practice": Kind(
            _("Objectives, reviews, checklists, load tests and drills"),
            (
                tables.LoadTest, tables.Drill, Slo, Engagement, tables.Practice, Verdict,
                tables.Subscription, tables.Announcement,
                tables.Announcement.depends_on.through, tables.Checklist, tables.ChecklistItem,
                tables.ReadinessReview, ReadinessAnswer, tables.ReadinessFinding, tables.Capacity,
            ),
            _("As many as people and releases write; a review looks back at all of them."),
            "at",
        ),
        "cluster-facts": Kind(
            _("What services run on"),
            (tables.ClusterFacts,),
            _("One of each service, read anew every six hours."),
        ),
        "code-hosts": Kind(
            _("Code hosts, and what is published of load tests"),
            (tables.CodeHost, tables.Publication),
            _("As many as code hosts and load tests with a commit."),
        ),
    }.items():  # fmt: skip
        KINDS.register(name, kind)
