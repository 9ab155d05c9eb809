"""The outbox of notifications and event streams."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Event(models.Model):
    """One thing that happened, written in the same transaction: no event is lost or invented."""

    kind = models.CharField(max_length=40)
    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="events")
    text = models.CharField(max_length=500)
    path = models.CharField(max_length=300, help_text="The page that shows it.")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    planned_at = models.DateTimeField(
        null=True, blank=True, help_text="When the notification rules were evaluated for it."
    )

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["id"], name="event_to_plan", condition=Q(planned_at=None))]

    def __str__(self) -> str:
        return self.text
