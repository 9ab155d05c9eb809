"""All models of the practice, by the files that tell of them."""

from practice.mapping import Practice, Subscription, Verdict
from practice.objectives import Slo, SloDay
from practice.onboarding import Engagement, Phase
from practice.readiness import Answer, Checklist, Finding, Item, Review
from practice.records import Capacity, Drill, LoadTest

__all__ = [
    "Answer", "Capacity", "Checklist", "Drill", "Engagement", "Finding", "Item", "LoadTest",
    "Phase", "Practice", "Review", "Slo", "SloDay", "Subscription", "Verdict",
]  # fmt: skip
