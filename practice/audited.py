"""What the audit log records of objectives, reviews, checklists and the practice map."""

from people.audit import watch
from practice.models import (
    Announcement,
    Capacity,
    Checklist,
    ChecklistItem,
    CodeHost,
    Drill,
    Engagement,
    LoadTest,
    Practice,
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
    Slo,
    Subscription,
    Verdict,
)


def watch_models() -> None:
    watch(
        CodeHost, always=True, secret={"sealed"},
        ignored={"resting_until", "trouble", "last_refusal"},
    )  # fmt: skip
    watch(Slo, always=True, ignored={"pulled_until", "tried_at", "problem", "summary"})
    watch(Capacity, always=True, ignored={"times", "values", "pulled_at", "problem"})
    watch(Subscription, always=True, ignored={"sent_for"})
    for each in (Checklist, ChecklistItem, Practice):
        watch(each, always=True)
    for model in (
        Announcement,
        Drill,
        Engagement,
        LoadTest,
        ReadinessAnswer,
        ReadinessReview,
        Verdict,
    ):
        watch(model, always=False)
    watch(ReadinessFinding, always=False, private=lambda row: row.incident.private)
