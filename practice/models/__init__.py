"""Objectives, readiness, onboarding, records and the practice map."""

from practice.models.onboarding import Engagement, Phase
from practice.models.practice_map import Practice, Subscription, Verdict
from practice.models.readiness import Answer, Checklist, Finding, Item, Review
from practice.models.records import Capacity, Drill, LoadTest
from practice.models.slo import Slo, SloDay

__all__ = [
    "Answer",
    "Capacity",
    "Checklist",
    "Drill",
    "Engagement",
    "Finding",
    "Item",
    "LoadTest",
    "Phase",
    "Practice",
    "Review",
    "Slo",
    "SloDay",
    "Subscription",
    "Verdict",
]
