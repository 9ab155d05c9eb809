"""Versions of the calibration, answers that were shown, and rows that were deleted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from incidents.models import Incident


class Forgotten(models.Model):
    """What processes must drop from their index and caches: a deleted incident, one that lost a
    cause link, or (negative) a deleted cause.
    """

    key = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="forgotten_live_tail")]

    def __str__(self) -> str:
        return str(self.key)


class Fit(models.Model):
    """A version of what was learnt from past answers (analysis.similarity.calibration)."""

    data = models.JSONField(null=True, help_text="Empty: history is too small to learn from.")
    labels = models.CharField(max_length=200, help_text="What it was learnt from.")
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="one_active_fit"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.pk}"


class ShownAnswer(models.Model):
    """What an incident's page last suggested before a cause was confirmed, for the scoreboard."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="shown_answer")
    causes = models.JSONField(default=list, help_text="Ids of the suggested causes, best first.")
    refused = models.BooleanField(default=False, help_text="It said that history has nothing alike")
    shown_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Answer to {self.incident.reference}"
