"""Objectives, readiness, onboarding, records and the practice map."""

from practice.models.announcement import Announcement
from practice.models.cluster import ClusterFacts
from practice.models.code_host import CodeHost, Publication
from practice.models.onboarding import Engagement, Phase
from practice.models.practice_map import Practice, Subscription, Verdict
from practice.models.readiness import (
    TIERS,
    Checklist,
    ChecklistItem,
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
)
from practice.models.records import Capacity, Drill, LoadTest
from practice.models.slo import Slo, SloDay

__all__ = [
    "TIERS",
    "Announcement",
    "Capacity",
    "Checklist",
    "ChecklistItem",
    "ClusterFacts",
    "CodeHost",
    "Drill",
    "Engagement",
    "LoadTest",
    "Phase",
    "Practice",
    "Publication",
    "ReadinessAnswer",
    "ReadinessFinding",
    "ReadinessReview",
    "Slo",
    "SloDay",
    "Subscription",
    "Verdict",
]
